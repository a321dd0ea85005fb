-- One row for each event that counts for a run, as its goal or beside it, once.
SELECT
  run, campaign, user_id, arm, counts_as, event, value, id, happened_ms,
  $time AS at_utc,
  CAST($time AS date) AS day_utc
FROM (
  SELECT
    CAST(run AS varchar) AS run,
    CAST(campaign AS varchar) AS campaign,
    CAST(user_id AS varchar) AS user_id,
    CAST(arm AS varchar) AS arm,
    CAST(counts_as AS varchar) AS counts_as,
    CAST(event AS varchar) AS event,
    CAST(id AS varchar) AS id,
    MIN(CAST(value AS decimal(18, 4))) AS value,
    MIN(at_ms) AS happened_ms
  FROM $conversions
  GROUP BY 1, 2, 3, 4, 5, 6, 7
) AS told
