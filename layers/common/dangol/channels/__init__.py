"""One file per provider: a message in the vendor's words, and the vendor's answer in ours."""
