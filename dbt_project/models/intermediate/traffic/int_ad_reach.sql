-- People reached as the platforms count them: day, week and month figures side by side, because those of a week cannot be made
-- from its days. One row per account, level, entity, grain and period.
{{ union_staging('ad_reach') }}
