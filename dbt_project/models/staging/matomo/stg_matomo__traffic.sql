{#
  Matomo counts the visitors of sources and devices for days only. `mobile` is made of smartphones, phablets and feature phones; it has
  visitors only on a day with one of them, because a person with two would count twice. A server that does not count the visitors of a
  period says 0: beside visits that is null. A source that brought an order but no visit has no `nb_visits`: its visits are 0.
#}
with

periods as (
    select * from {{ ref('base_matomo__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        periods.record.report as report,
        periods.record.gran as grain,
        {{ matomo_source('periods.record') }} as source_l2,
        case
            when periods.record.report <> 'device' then 'all'
            when periods.record.entry = 'Desktop' then 'pc'
            when periods.record.entry in ('Smartphone', 'Phablet', 'Feature phone') then 'mobile'
        end as device,
        {{ whole_number('periods.record.nb_actions') }} as page_views,
        coalesce(
            {{ whole_number('periods.record.nb_visits') }},
            case when periods.record.report in ('source', 'campaign') then 0 end
        ) as sessions,
        {{ whole_number('periods.record.nb_uniq_visitors') }} as visitors,
        {{ whole_number('periods.record.nb_uniq_visitors_new') }} as new_visitors,
        {{ whole_number('periods.record.bounce_count') }} as bounces,
        {{ whole_number('periods.record.sum_visit_length') }} as seconds
    from periods
),

of_devices as (
    select
        account_id,
        report_date,
        grain,
        device,
        source_l2,
        case when count(*) = 1 then max(visitors) end as visitors,
        case when count(*) = 1 then max(new_visitors) end as new_visitors,
        sum(sessions) as sessions,
        sum(page_views) as page_views,
        sum(bounces) as bounces,
        sum(seconds) as seconds,
        max(load_id) as load_id
    from figures
    where device is not null
    group by account_id, report_date, grain, device, source_l2
)

select
    'matomo' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when figures.source_l2 is not null then coalesce(map.source_l1, 'unknown') end as source_l1,
    figures.source_l2,
    figures.device,
    figures.source_l2 is null as is_total,
    case when figures.sessions = 0 then 0 else nullif(figures.visitors, 0) end as visitors,
    figures.new_visitors,
    cast(figures.sessions as bigint) as sessions,
    {%- for name in ['page_views', 'bounces', 'seconds'] %}
    cast(case when figures.sessions = 0 then 0 else figures.{{ name }} end as bigint) as {{ name }},
    {%- endfor %}
    account.time_zone,
    figures.load_id
from of_devices as figures
left join {{ ref('source_map_matomo') }} as map
    on figures.source_l2 = map.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
