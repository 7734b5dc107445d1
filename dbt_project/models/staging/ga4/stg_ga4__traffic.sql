{#
  GA4 has engaged sessions; all others bounced. Tablets and television sets are in the totals only: added to desktop or mobile, a person
  with two devices would count twice.
#}
with

periods as (
    select * from {{ ref('base_ga4__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        periods.record.report as report,
        periods.record.gran as grain,
        periods.record.entry as entry,
        periods.record.sessionDefaultChannelGroup as channel,
        case periods.record.deviceCategory
            when 'desktop' then 'pc'
            when 'mobile' then 'mobile'
            else 'all'
        end as device,
        {{ whole_number('periods.record.screenPageViews') }} as page_views,
        {{ whole_number('periods.record.sessions') }} as sessions,
        {{ whole_number('periods.record.engagedSessions') }} as engaged_sessions,
        {{ whole_number('periods.record.totalUsers') }} as visitors,
        {{ whole_number('periods.record.newUsers') }} as new_visitors,
        {{ whole_number('periods.record.userEngagementDuration') }} as seconds
    from periods
    where periods.record.report in ('total', 'source')
        or (periods.record.report = 'device' and periods.record.deviceCategory in ('desktop', 'mobile'))
)

select
    'ga4' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when figures.report = 'source' then coalesce(map.source_l1, 'unknown') end as source_l1,
    case when figures.report = 'source' then figures.entry end as source_l2,
    figures.device,
    figures.report <> 'source' as is_total,
    figures.visitors,
    figures.new_visitors,
    figures.sessions,
    figures.page_views,
    figures.sessions - figures.engaged_sessions as bounces,
    figures.seconds,
    account.time_zone,
    figures.load_id
from figures
left join {{ ref('source_map_ga4') }} as map
    on figures.channel = map.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
