{#
  Plausible gives rates and averages, which cannot be added up. They are turned into counts: bounces = visits × bounce rate (a whole
  percentage), seconds = visits × average seconds, both rounded to whole numbers. Tablets are in the totals only: added to another kind of
  device, a person with both would count twice. Plausible does not count new visitors.
#}
with

periods as (
    select * from {{ ref('base_plausible__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        periods.record.report as report,
        periods.record.gran as grain,
        periods.record.entry as entry,
        periods.record.channel as channel,
        case periods.record.device
            when 'Desktop' then 'pc'
            when 'Mobile' then 'mobile'
            else 'all'
        end as device,
        {{ whole_number('periods.record.pageviews') }} as page_views,
        {{ whole_number('periods.record.visits') }} as sessions,
        {{ whole_number('periods.record.visitors') }} as visitors,
        {{ number('periods.record.bounce_rate') }} as bounce_percent,
        {{ number('periods.record.visit_duration') }} as seconds_per_session
    from periods
    where periods.record.report <> 'device' or periods.record.device in ('Desktop', 'Mobile')
)

select
    'plausible' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when figures.report = 'source' then coalesce(map.source_l1, 'unknown') end as source_l1,
    case when figures.report = 'source' then figures.entry end as source_l2,
    figures.device,
    figures.report <> 'source' as is_total,
    figures.visitors,
    cast(null as bigint) as new_visitors,
    figures.sessions,
    figures.page_views,
    cast(round(figures.sessions * figures.bounce_percent / 100) as bigint) as bounces,
    cast(round(figures.sessions * figures.seconds_per_session) as bigint) as seconds,
    account.time_zone,
    figures.load_id
from figures
left join {{ ref('source_map_plausible') }} as map
    on figures.channel = map.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
