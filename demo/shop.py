"""The shop: its courses and the size of everything in it."""

from dataclasses import dataclass
from typing import Final

SEED: Final = 20261201
SITE: Final = "https://class.example"
LAUNCHED: Final = "dev-automation"

MEMBERS: Final = 9_000
VISITORS: Final = 3_000
BUYERS: Final = 3_000
REGULARS: Final = 350
DORMANT: Final = 1_400
# Of the dormant, this many bought something once, and some of them a development course.
DORMANT_BUYERS: Final = 400
DORMANT_DEV_BUYERS: Final = 120
SHARED_PHONES: Final = 60
WEB_PUSH_VISITORS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Course:
    """A course on sale; `price` in won."""

    item_id: str
    name: str
    category: str
    price: int

    @property
    def url(self) -> str:
        """Its page."""
        return f"{SITE}/courses/{self.item_id}"


COURSES: Final = (
    Course("dev-python", "파이썬 첫걸음", "dev", 59_000),
    Course("dev-web", "웹 개발 기초", "dev", 89_000),
    Course("dev-git", "팀에서 쓰는 깃", "dev", 39_000),
    Course("data-sql", "실무 SQL", "data", 69_000),
    Course("data-viz", "보고서가 되는 데이터", "data", 79_000),
    Course("mkt-copy", "팔리는 글쓰기", "marketing", 49_000),
    Course("mkt-ads", "광고 운영 입문", "marketing", 99_000),
    Course("design-ui", "화면 설계 연습", "design", 75_000),
    Course("lang-eng", "회의 영어", "language", 45_000),
)
DEV: Final = tuple(course for course in COURSES if course.category == "dev")
OTHERS: Final = tuple(course for course in COURSES if course.category != "dev")
NEW_COURSE: Final = Course(LAUNCHED, "파이썬 업무 자동화", "dev", 79_000)
