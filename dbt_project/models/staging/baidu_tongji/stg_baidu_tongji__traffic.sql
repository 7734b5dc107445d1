{#
  Tongji gives ratios and averages, which cannot be added up. They are turned into counts: bounces = visits × bounce ratio (a
  percentage), seconds = visits × average seconds, both rounded to whole numbers.

  The source report has paid and natural search in one row, 搜索引擎. A second report splits search into three kinds. The three replace
  that row where their visits come within 2 % of it (between two calls some hits arrive late); otherwise the row stays.
#}
with

periods as (
    select * from {{ ref('base_baidu_tongji__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        periods.record.report as report,
        periods.record.gran as grain,
        periods.record.device as device,
        periods.record.source.name as source_name,
        split_part(periods.record.source.source, ',', 1) as source_kind,
        {{ whole_number('periods.record.pv_count') }} as page_views,
        {{ whole_number('periods.record.visit_count') }} as sessions,
        {{ whole_number('periods.record.visitor_count') }} as visitors,
        {{ whole_number('periods.record.new_visitor_count') }} as new_visitors,
        {{ number('periods.record.bounce_ratio') }} as bounce_percent,
        {{ number('periods.record.avg_visit_time') }} as seconds_per_session
    from periods
),

told_apart as (
    select
        account_id,
        report_date,
        grain,
        device,
        sum(case when report = 'source' and source_name = '搜索引擎' then sessions end) as searches,
        sum(case when report = 'search' then sessions end) as searches_apart
    from figures
    group by account_id, report_date, grain, device
)

select
    'baidu_tongji' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when figures.report <> 'trend' then coalesce(by_name.source_l1, by_kind.source_l1, 'unknown') end as source_l1,
    figures.source_name as source_l2,
    figures.device,
    figures.report = 'trend' as is_total,
    figures.visitors,
    figures.new_visitors,
    figures.sessions,
    figures.page_views,
    cast(round(figures.sessions * figures.bounce_percent / 100) as bigint) as bounces,
    cast(round(figures.sessions * figures.seconds_per_session) as bigint) as seconds,
    account.time_zone,
    figures.load_id
from figures
inner join told_apart
    on figures.account_id = told_apart.account_id
    and figures.report_date = told_apart.report_date
    and figures.grain = told_apart.grain
    and figures.device = told_apart.device
left join {{ ref('source_map_baidu_tongji') }} as by_name
    on figures.source_name = by_name.source_name
left join {{ ref('source_map_baidu_tongji') }} as by_kind
    on figures.source_kind = by_kind.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
where case
    when figures.report = 'trend' then true
    when coalesce(abs(told_apart.searches - told_apart.searches_apart) * 50 > told_apart.searches, true)
        then figures.report = 'source'
    when figures.report = 'search' then coalesce(figures.sessions, 0) > 0
    else coalesce(figures.source_name, '') <> '搜索引擎'
end
