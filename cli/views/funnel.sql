-- One row for each arm of each run: how many people got how far, as in the report.
WITH did AS (
  SELECT
    run, user_id,
    MAX(CASE WHEN kind = 'delivered' THEN 1 ELSE 0 END) AS delivered,
    MAX(CASE WHEN kind = 'bounced' THEN 1 ELSE 0 END) AS bounced,
    MAX(CASE WHEN kind = 'shown' THEN 1 ELSE 0 END) AS shown,
    MAX(CASE WHEN kind = 'opened' AND verdict = 'human' THEN 1 ELSE 0 END) AS opened,
    MAX(CASE WHEN kind = 'opened' AND verdict <> 'human' THEN 1 ELSE 0 END) AS machine_opened,
    MAX(CASE WHEN kind = 'clicked' AND verdict = 'human' THEN 1 ELSE 0 END) AS clicked,
    MAX(CASE WHEN kind = 'clicked' AND verdict <> 'human' THEN 1 ELSE 0 END) AS bot_clicked,
    MAX(CASE WHEN kind IN ('unsubscribed', 'complained') THEN 1 ELSE 0 END) AS unsubscribed
  FROM $engaged AS engaged
  GROUP BY run, user_id
),
bought AS (
  SELECT run, user_id, COUNT(*) AS times, SUM(value) AS value
  FROM $converted AS converted
  WHERE counts_as = 'goal'
  GROUP BY run, user_id
)
SELECT
  sent.run, sent.campaign, sent.channel, sent.arm,
  COUNT(*) AS audience,
  COUNT_IF(sent.outcome = 'sent') AS sent,
  COUNT_IF(sent.outcome = 'held_out') AS held_out,
  COUNT_IF(sent.outcome = 'failed') AS failed,
  COUNT_IF(sent.outcome = 'unknown') AS unknown,
  COUNT_IF(did.delivered = 1) AS delivered,
  COUNT_IF(did.bounced = 1) AS bounced,
  COUNT_IF(did.shown = 1) AS shown,
  COUNT_IF(did.opened = 1) AS opened,
  COUNT_IF(did.machine_opened = 1) AS machine_opened,
  COUNT_IF(did.clicked = 1) AS clicked,
  COUNT_IF(did.bot_clicked = 1) AS bot_clicked,
  COUNT_IF(did.unsubscribed = 1) AS unsubscribed,
  COUNT_IF(bought.times > 0) AS converted,
  CAST(COALESCE(SUM(bought.value), 0) AS decimal(38, 4)) AS value
FROM $sends AS sent
LEFT JOIN did ON did.run = sent.run AND did.user_id = sent.user_id
LEFT JOIN bought ON bought.run = sent.run AND bought.user_id = sent.user_id
WHERE sent.outcome <> 'skipped'
GROUP BY 1, 2, 3, 4
