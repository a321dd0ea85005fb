"""dangol: CRM campaigns from your own AWS account."""
