"""The user agents of bots: the patterns of isbot 5.2.3 (https://github.com/omrilotan/isbot), and a few more.

isbot is in the public domain (Unlicense). Written otherwise here: two patterns, because Python wants look-behinds
of one width and no range that begins with a class, and spaces at the ends of lines. To renew the list: `list` of
the npm package, one pattern a line.
"""

import re
from functools import cache, lru_cache
from typing import Final

# Gateways that look into mail, and the link preview of KakaoTalk: in no common list, or only by chance.
_OURS: Final = r"""
barracuda
mimecast
proofpoint
safelinks
urldefense
kakaotalk-scrap
linkscan
mailscanner
"""
_ISBOT: Final = r"""
\sdaum[ /]
\sdeusu/
(?:^|[^g])news(?!sapphire)
(?<! channel/)(?<!google/)google(?!(?:wv|app|/google| pixel))
(?<! cu)bots?(?:\b|_)
(?<!cam)scan
(?<!lib)http
24x7
;\s\w+;$
@[a-z][\w-]+\.
\(\)
\.com\b
\b\w+/1\.0;
\bbw/
\bdlc\b
\bort/
\bperl\b
\btime/
\|
^[<\(;]
^[\w \.\-\(?:\):%]+(?:/v?\d+(?:\.\d+)?(?:\.\d{1,10})*?)?(?:,|$)
^[\w\-]+/[\w]+$
^[^ ]{50,}$
^\d+\b
^\w*search\b
^\w+/[\w\(\)]*$
^\w+/\d\.\d\s\([\w@]+\)$
^active
^ad muncher
^amaya
^apache/
^avsdevicesdk/
^azure
^biglotron
^blackbox exporter
^bot
^clamav[ /]
^claude-code/
^client/
^cobweb/
^custom
^ddg[_-]android
^discourse
^dispatch/\d
^downcast/
^duckduckgo
^email
^exodusmovement
^facebook
^getright/
^gozilla/
^hobbit
^hotzonu
^hwcdn/
^igetter/
^jeode/
^jetty/
^jigsaw
^microsoft bits
^movabletype
^mozilla/\d\.\d\s[\w\.-]+$
^mozilla/\d\.\d\s\((?:compatible;)?(?:\s?[\w.-]+[\s/]\d+\.\d+)?\)$
^navermailapp
^netsurf
^offline
^openai/
^owler
^php
^postman
^ps_daily/
^python
^rank
^read
^reed
^remove\.bg/
^rest
^rss
^snapchat
^sora\s
^space bison
^stape/
^svn
^swcd\s
^taringa
^thumbor/
^track
^w3c
^webbandit/
^webcopier
^wget
^whatsapp
^wordpress
^xenu link sleuth
^yahoo
^yandex
^zdm/\d
^zoom marketplace/
abuse
advisor
agent\b
analyzer
archive
ask jeeves/teoma
attracta
audit
bluecoat drtr
browsex
burpcollaborator
capture
catch
check\b
checker
chrome-lighthouse
chromeframe
classifier
cloudflare
collapsify\b
convertify
cookiehubverify/
crawl
cursor/
cypress/
dareboost
datanyze
dejaclick
detect
discovery
dmbrowser
download
exaleadcloudview
feed
firephp
foregenix
functionize
grab
hardenize\b
headless
hotjar
httrack
hubspot marketing grader
ibisbrowser
infrawatch
insight
inspect
iplabel
java(?!;)
library
linkcheck
linktiger
mail\.ru/
manus-user/
marketgoo/
measure
monitor\b
neustar wpm
node\b
nutch
offbyone
openvas
optimize
pageburst
pagespeed
parser
phantomjs
pingdom
playwright
powermarks
preview
productfinder
prospectingstudio
proxy
ptst[ /]\d
radar
readable/
retriever
rexx;
rigor
rss\b
scrape
securityheaders
selenium
server
silktide
sindup/
sogou
sparkler/
speedcurve
spider
splash
statuscake
supercleaner
synapse
synthetic
testlocally
tools
torrent
transcoder
url
validator
virtuoso
wappalyzer
watchtowr
webglance
webkit2png
whatcms/
xtate/
"""


# The in-app browsers of KakaoTalk and NAVER are people, whatever app or page they name (`news`, which is a bot's word).
_IN_APP: Final = re.compile(r"NAVER\(inapp;[^)]*\)|KAKAOTALK(?![\w-])[ /]?[\d.]*", re.IGNORECASE)


@lru_cache(maxsize=4096)
def known_bot(agent: str) -> bool:
    """Whether a user agent is that of a bot. The same agents come again and again: answers are remembered."""
    return _pattern().search(_IN_APP.sub("", agent)) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join((*_OURS.split(), *_ISBOT.strip("\n").split("\n"))), re.IGNORECASE)
