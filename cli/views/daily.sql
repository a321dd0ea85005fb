-- One row for each day, run and arm: each person on the day of their first open, click and so on, each value on its own.
WITH steps AS (
  SELECT run, user_id, day_utc, 'sent' AS step, CAST(0 AS decimal(38, 4)) AS value
  FROM $sends AS sent
  WHERE outcome = 'sent'
  UNION ALL
  SELECT run, user_id, MIN(day_utc), kind, CAST(0 AS decimal(38, 4))
  FROM $engaged AS engaged
  WHERE kind IN ('opened', 'clicked') AND verdict = 'human'
  GROUP BY run, user_id, kind
  UNION ALL
  SELECT run, user_id, MIN(day_utc), 'unsubscribed', CAST(0 AS decimal(38, 4))
  FROM $engaged AS left_us
  WHERE kind IN ('unsubscribed', 'complained')
  GROUP BY run, user_id
  UNION ALL
  SELECT run, user_id, MIN(day_utc), 'converted', CAST(0 AS decimal(38, 4))
  FROM $converted AS converted
  WHERE counts_as = 'goal'
  GROUP BY run, user_id
  UNION ALL
  SELECT run, user_id, day_utc, 'value', CAST(value AS decimal(38, 4))
  FROM $converted AS worth
  WHERE counts_as = 'goal'
)
SELECT
  steps.day_utc, steps.run, people.campaign, people.channel, people.arm,
  COUNT_IF(steps.step = 'sent') AS sent,
  COUNT_IF(steps.step = 'opened') AS opened,
  COUNT_IF(steps.step = 'clicked') AS clicked,
  COUNT_IF(steps.step = 'unsubscribed') AS unsubscribed,
  COUNT_IF(steps.step = 'converted') AS converted,
  CAST(SUM(steps.value) AS decimal(38, 4)) AS value
FROM steps
JOIN $sends AS people ON people.run = steps.run AND people.user_id = steps.user_id
GROUP BY 1, 2, 3, 4, 5
