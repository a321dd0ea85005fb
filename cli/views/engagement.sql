-- One row for each open, click, opt-out and receipt, once, with the verdict that all of a person's clicks give together.
WITH told AS (
  SELECT
    CAST(run AS varchar) AS run,
    CAST(campaign AS varchar) AS campaign,
    CAST(user_id AS varchar) AS user_id,
    CAST(kind AS varchar) AS kind,
    CAST(id AS varchar) AS id,
    MIN(CAST(link AS integer)) AS link,
    MIN(CAST(verdict AS varchar)) AS verdict,
    MIN(CAST(reason AS varchar)) AS reason,
    MIN(CAST(permanent AS boolean)) AS permanent,
    MIN(at_ms) AS happened_ms
  FROM $engagement
  GROUP BY 1, 2, 3, 4, 5
),
sent AS $sends,
clicks AS (
  SELECT run, user_id, link, happened_ms FROM told
  WHERE kind = 'clicked' AND (verdict = 'human' OR link = $hidden_link)
),
robotic AS (
  -- So many different links within so long.
  SELECT one.run, one.user_id, one.happened_ms AS since, one.happened_ms + rule.span AS until
  FROM clicks AS one
  CROSS JOIN (VALUES $bursts) AS rule (links, span)
  JOIN clicks AS other
    ON other.run = one.run AND other.user_id = one.user_id
    AND other.happened_ms BETWEEN one.happened_ms AND one.happened_ms + rule.span
  GROUP BY one.run, one.user_id, one.happened_ms, rule.links, rule.span
  HAVING COUNT(DISTINCT other.link) >= rule.links
  UNION ALL
  -- Around a click on the hidden link.
  SELECT run, user_id, happened_ms - $hidden_for, happened_ms + $hidden_for FROM clicks WHERE link = $hidden_link
  UNION ALL
  -- Sooner after the hand-over than anybody reads.
  SELECT sent.run, sent.user_id, sent.happened_ms, sent.happened_ms + early.span - 1
  FROM sent
  JOIN (VALUES $too_soon) AS early (channel, span) ON early.channel = sent.channel
),
bots AS (
  SELECT DISTINCT told.run, told.user_id, told.id
  FROM told
  JOIN robotic
    ON robotic.run = told.run AND robotic.user_id = told.user_id
    AND told.happened_ms BETWEEN robotic.since AND robotic.until
  WHERE told.kind = 'clicked' AND told.verdict = 'human'
)
SELECT
  told.run, told.campaign, told.user_id, sent.arm, told.kind, told.id, told.link,
  CASE WHEN bots.id IS NULL THEN told.verdict ELSE 'bot' END AS verdict,
  CASE WHEN bots.id IS NULL THEN told.reason ELSE 'clicks_together' END AS reason,
  told.permanent,
  told.happened_ms,
  $told_time AS at_utc,
  CAST($told_time AS date) AS day_utc
FROM told
LEFT JOIN sent ON sent.run = told.run AND sent.user_id = told.user_id
LEFT JOIN bots ON bots.run = told.run AND bots.user_id = told.user_id AND bots.id = told.id AND told.kind = 'clicked'
