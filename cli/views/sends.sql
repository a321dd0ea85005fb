-- One row for each person of each run on whom a decision fell: the last one, however often it was told.
SELECT
  run, campaign, channel, user_id, arm, outcome, reason, provider_id, happened_ms,
  $time AS at_utc,
  CAST($time AS date) AS day_utc
FROM (
  SELECT
    CAST(run AS varchar) AS run,
    CAST(campaign AS varchar) AS campaign,
    CAST(channel AS varchar) AS channel,
    CAST(user_id AS varchar) AS user_id,
    CAST(arm AS varchar) AS arm,
    CAST(outcome AS varchar) AS outcome,
    CAST(reason AS varchar) AS reason,
    CAST(provider_id AS varchar) AS provider_id,
    COALESCE(CAST(claimed_ms AS bigint), at_ms) AS happened_ms,
    ROW_NUMBER() OVER (PARTITION BY run, user_id ORDER BY at_ms DESC, outcome) AS newest
  FROM $decisions
) AS told
WHERE newest = 1
