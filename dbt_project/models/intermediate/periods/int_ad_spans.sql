-- Every span of a store for each of its ad accounts and levels, and whether all its days are told there: the store's ads are loaded, and so
-- is the level's own report. One row per account, level, grain, period_start and span.
select
    levels.account_id,
    levels.entity_level,
    days.store_id,
    days.grain,
    days.period_start,
    days.span_days,
    max(case when spans.is_ads_loaded then 1 else 0 end) = 1 and count(*) = count(told.report_date) as is_ads_loaded
from {{ ref('int_span_days') }} as days
inner join {{ ref('int_spans') }} as spans
    on days.store_id = spans.store_id
    and days.grain = spans.grain
    and days.period_start = spans.period_start
    and days.span_days = spans.span_days
inner join (select distinct account_id, entity_level, store_id from {{ ref('int_ad_told') }}) as levels
    on days.store_id = levels.store_id
left join {{ ref('int_ad_told') }} as told
    on days.date_day = told.report_date
    and levels.account_id = told.account_id
    and levels.entity_level = told.entity_level
group by levels.account_id, levels.entity_level, days.store_id, days.grain, days.period_start, days.span_days
