"""Styles go into the elements, templates come through to the letter, attachments are refused."""

import pytest

from cli.definitions.inlining import inline
from dangol.domain.errors import DefinitionError
from tests.shop import CAMPAIGN, campaign, problems, write_shop

SHEET = "<style>p { color: red } .big { font-size: 20px } @media (max-width: 9px) { .big { color: blue } }</style>"


def test_styles_stand_in_their_elements_and_media_queries_in_their_sheet():
    html = inline(f'{SHEET}<p class="big">가 &amp; 나</p>')

    assert '<p class="big" style="color: red;font-size: 20px;">가 &amp; 나</p>' in html
    assert "@media (max-width: 9px)" in html
    assert "p { color: red }" not in html


@pytest.mark.parametrize(
    "written",
    [
        "<i>#{이름}님 {{ name }}</i>",
        "{% if a %}<i>{{ a }}</i>{% endif %}",
        '<a href="{{ link("https://a.example/?a=1&b=2") }}">보기</a>',
        "<table>{% for x in items %}<tbody><tr><td>{{ x }}</td></tr></tbody>{% endfor %}</table>",
        "<!--[if mso]><i>{% if a %}{{ b }}{% endif %}</i><![endif]-->",
        "{# a note #}<b>{{ '<' }}</b>",
    ],
)
def test_templates_come_through_to_the_letter(written):
    assert f"<body>{written}</body>" in inline(SHEET + written)


def test_a_statement_within_a_tag_stays_there():
    assert '<b {% if a %}class="big" {% endif %}>x</b>' in inline(SHEET + '<b {% if a %}class="big"{% endif %}>x</b>')


def test_a_sheet_may_take_its_values_from_the_person_and_not_its_shape():
    assert 'style="color: {{ color }};"' in inline("<style>p { color: {{ color }} }</style><p>가</p>")
    with pytest.raises(DefinitionError, match="a template stands where"):
        inline("<style>{% if a %}p { color: red }{% endif %}</style><p>가</p>")


def test_a_campaign_is_read_with_its_styles_in_place_and_each_variant_s(tmp_path):
    shop = write_shop(tmp_path)
    styled = f"'{SHEET}<p>가</p>'"

    variants = f"variants:\n  - {{name: A}}\n  - {{name: B, message: {{html: {styled}}}}}"

    loaded = campaign(shop, CAMPAIGN.replace("holdout: 10%", f"  html: {styled}\n{variants}"))

    assert all('<p style="color: red;">' in (message.html or "") for message in loaded.campaign.messages())
    assert '<p style="color: red;">' in loaded.body["message"]["html"]


def test_a_sheet_that_cannot_be_put_in_place_is_told(tmp_path):
    source = CAMPAIGN.replace("holdout: 10%", "  html: '<style>{% if a %}p{}{% endif %}</style>'")

    (problem,) = problems(campaign, write_shop(tmp_path), source)

    assert problem.startswith(
        "campaigns/sale.yaml: message.html: a template stands where the style sheet needs a value"
    )


def test_attachments_are_refused_with_the_reason(tmp_path):
    (problem,) = problems(
        campaign, write_shop(tmp_path), CAMPAIGN.replace("holdout", "  attachments: [a.pdf]\nholdout")
    )

    assert problem == (
        "campaigns/sale.yaml:9: message.attachments: attachments cost delivery and speed, and no click tells of them; "
        "write a link"
    )
