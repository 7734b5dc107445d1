{#
  A day's row has all figures; for weeks and months each figure has a row of its own. An app has no page views and no bounces, and Umeng
  gives its time spent only in a form that cannot be added up.
#}
with

periods as (
    select * from {{ ref('base_umeng__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        periods.record.gran as grain,
        case when periods.record.report = 'channel' then periods.record.entry end as source_l2,
        case periods.record.report
            when 'total' then {{ whole_number('periods.record.activityUsers') }}
            when 'channel' then {{ whole_number('periods.record.activeUser') }}
            when 'active_users' then {{ whole_number('periods.record.value') }}
        end as visitors,
        case periods.record.report
            when 'total' then {{ whole_number('periods.record.newUsers') }}
            when 'channel' then {{ whole_number('periods.record.newUser') }}
            when 'new_users' then {{ whole_number('periods.record.value') }}
        end as new_visitors,
        case periods.record.report
            when 'total' then {{ whole_number('periods.record.launches') }}
            when 'channel' then {{ whole_number('periods.record.launch') }}
            when 'launches' then {{ whole_number('periods.record.value') }}
        end as sessions
    from periods
),

together as (
    select
        account_id,
        report_date,
        grain,
        source_l2,
        max(visitors) as visitors,
        max(new_visitors) as new_visitors,
        max(sessions) as sessions,
        max(load_id) as load_id
    from figures
    group by account_id, report_date, grain, source_l2
)

select
    'umeng' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when figures.source_l2 is not null then coalesce(map.source_l1, 'unknown') end as source_l1,
    figures.source_l2,
    'all' as device,
    figures.source_l2 is null as is_total,
    figures.visitors,
    figures.new_visitors,
    figures.sessions,
    cast(null as bigint) as page_views,
    cast(null as bigint) as bounces,
    cast(null as bigint) as seconds,
    account.time_zone,
    figures.load_id
from together as figures
left join {{ ref('source_map_umeng') }} as map
    on lower(figures.source_l2) = map.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
