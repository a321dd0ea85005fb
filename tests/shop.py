"""A small project in a folder, for tests of definition files."""

from pathlib import Path

import pytest

from cli.definitions import LoadedCampaign, Problems, load_campaign, load_project

PROJECT = """\
project: shop
sender: {name: 단골상점, email: hello@shop.example, phone: "1588-0000", address: "서울시"}
events:
  view_item: {facets: [category], keep: 8}
  purchase: {value: value}
merge_tags:
  이름: {trait: name, default: 고객}
channels:
  email: {provider: ses}
"""
CAMPAIGN = """\
title: 오픈
audience: {did: view_item, within: 30d}
purpose: marketing
channel: email
message:
  subject: "#{이름}님"
  text: |
    안녕하세요
holdout: 10%
"""


def write_shop(folder: Path) -> Path:
    """Write the project and one segment to `folder`."""
    (folder / "campaigns").mkdir()
    (folder / "segments").mkdir()
    (folder / "dangol.yaml").write_text(PROJECT)
    (folder / "segments" / "dormant.yaml").write_text("title: 휴면\ndid_not: view_item\nwithin: 365d\n")
    return folder


def campaign(shop: Path, text: str, name: str = "sale.yaml") -> LoadedCampaign:
    """Write a campaign and load it."""
    path = shop / "campaigns" / name
    path.write_text(text)
    return load_campaign(path, load_project(shop))


def problems(load, *arguments) -> list[str]:
    """The lines that a load which must fail fails with."""
    with pytest.raises(Problems) as caught:
        load(*arguments)
    return str(caught.value).split("\n")
