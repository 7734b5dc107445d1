{#
  A visitor of Umami is one browser on one device, so desktop and laptop add up to pc without counting anybody twice. Tablets are in the
  totals only. Umami does not count new visitors.
#}
with

periods as (
    select * from {{ ref('base_umami__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        periods.record.report as report,
        periods.record.gran as grain,
        periods.record.entry as entry,
        case
            when periods.record.report <> 'device' then 'all'
            when periods.record.entry in ('desktop', 'laptop') then 'pc'
            when periods.record.entry = 'mobile' then 'mobile'
        end as device,
        {{ whole_number('periods.record.pageviews') }} as page_views,
        {{ whole_number('periods.record.visits') }} as sessions,
        {{ whole_number('periods.record.visitors') }} as visitors,
        {{ whole_number('periods.record.bounces') }} as bounces,
        {{ whole_number('periods.record.totaltime') }} as seconds
    from periods
),

of_devices as (
    select
        account_id,
        report_date,
        report,
        grain,
        device,
        case when report = 'source' then entry end as source_l2,
        sum(visitors) as visitors,
        sum(sessions) as sessions,
        sum(page_views) as page_views,
        sum(bounces) as bounces,
        sum(seconds) as seconds,
        max(load_id) as load_id
    from figures
    where device is not null
    group by account_id, report_date, report, grain, device, case when report = 'source' then entry end
)

select
    'umami' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when figures.report = 'source' then coalesce(map.source_l1, 'unknown') end as source_l1,
    figures.source_l2,
    figures.device,
    figures.report <> 'source' as is_total,
    cast(figures.visitors as bigint) as visitors,
    cast(null as bigint) as new_visitors,
    cast(figures.sessions as bigint) as sessions,
    cast(figures.page_views as bigint) as page_views,
    cast(figures.bounces as bigint) as bounces,
    cast(figures.seconds as bigint) as seconds,
    account.time_zone,
    figures.load_id
from of_devices as figures
left join {{ ref('source_map_umami') }} as map
    on figures.source_l2 = map.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
