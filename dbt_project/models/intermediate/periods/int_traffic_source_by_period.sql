-- The one SELECT behind traffic_source_daily, _weekly and _monthly. Page views, sessions, orders and what was paid are added up over the
-- days. People (visitors, and those who put into the cart, marked a favourite or paid) are the platform's own figure of the period or
-- null, with the bounds that the days give. A source has rows from its first day on. One row per store, source, device, grain,
-- period_start and span.
{%- set outcomes = {'carted': 'cart_visitors', 'favoured': 'fav_visitors', 'paid': 'buyers'} %}
{%- set amounts = ['orders', 'units', 'paid_amount'] %}

with

daily as (

    select store_id, source_l1, source_l2, device, is_total, period_start as date_day,
        sum(visitors) as visitor_days,
        count(*) - count(visitors) as untold,
        max(visitors) as visitors_at_least,
        -- Null if one of several sites does not tell the figure of the source.
        case when count(*) = count(new_visitors) then sum(new_visitors) end as new_visitor_days
        {%- for name in ['sessions', 'page_views', 'bounces', 'seconds'] %},
        case when count(*) = count({{ name }}) then sum({{ name }}) end as {{ name }}
        {%- endfor %}
    from {{ ref('int_traffic') }}
    where grain = 'day'
    group by store_id, source_l1, source_l2, device, is_total, period_start

),

sources as (

    select
        store_id,
        source_l1,
        source_l2,
        device,
        is_total,
        min(period_start) as first_day,
        case when min(platform) = max(platform) then max(platform) end as platform
    from {{ ref('int_traffic') }}
    where grain = 'day'
    group by store_id, source_l1, source_l2, device, is_total

),

did as (

    select * from {{ ref('int_source_outcomes') }}

),

-- Which outcomes a platform told at all on a day. For these, a source that it does not list had 0.
told as (

    select
        store_id,
        platform,
        period_start as date_day
        {%- for name in outcomes.keys() | list + amounts %},
        count({{ name }}) > 0 as tells_{{ name }}
        {%- endfor %}
    from did
    where grain = 'day' and not is_total
    group by store_id, platform, period_start

),

first_told as (

    select store_id, platform, min(date_day) as first_day
    from told
    group by store_id, platform

),

-- Sites with visitors of a source in the period: not every one of them tells of weeks and months.
sites as (

    {{ sites_of_periods(ref('int_traffic'), ['store_id', 'source_l1', 'source_l2', 'device']) }}

),

-- The platform's own figure of the whole period. Not for several sites, because nobody knows which visitors they share.
own_figures as (

    select
        traffic.store_id,
        traffic.source_l1,
        traffic.source_l2,
        traffic.device,
        traffic.grain,
        traffic.period_start,
        max(traffic.visitors) as visitors,
        max(traffic.new_visitors) as new_visitors
    from {{ ref('int_traffic') }} as traffic
    inner join sites
        on traffic.store_id = sites.store_id and traffic.source_l1 = sites.source_l1
        and traffic.source_l2 = sites.source_l2 and traffic.device = sites.device
        and traffic.grain = sites.grain and traffic.period_start = sites.period_start
        and sites.sites <= 1
    group by
        traffic.store_id, traffic.source_l1, traffic.source_l2, traffic.device, traffic.grain, traffic.period_start

),

added as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        days.span_days,
        sources.source_l1,
        sources.source_l2,
        sources.device,
        sources.is_total,
        max(first_told.first_day) as told_from,
        case when coalesce(sum(daily.untold), 0) = 0 then coalesce(sum(daily.visitor_days), 0) end as visitor_days,
        case when coalesce(sum(daily.untold), 0) = 0 then coalesce(max(daily.visitors_at_least), 0) end as visitors_at_least,
        case when count(daily.date_day) = count(daily.new_visitor_days) then coalesce(sum(daily.new_visitor_days), 0) end as new_visitor_days,
        case when count(daily.date_day) = count(daily.sessions) then coalesce(sum(daily.sessions), 0) end as sessions,
        case when count(daily.date_day) = count(daily.page_views) then coalesce(sum(daily.page_views), 0) end as page_views,
        case when count(daily.date_day) = count(daily.bounces) then coalesce(sum(daily.bounces), 0) end as bounces,
        case when count(daily.date_day) = count(daily.seconds) then coalesce(sum(daily.seconds), 0) end as seconds,
        -- Null if one of the days has no figure.
        {%- for name, people in outcomes.items() %}
        {%- set of_day = "case when did.store_id is not null then did." ~ name ~ " when told.tells_" ~ name ~ " and not sources.is_total then 0 end" %}
        case when count(*) = count({{ of_day }}) then sum({{ of_day }}) end as {{ source_people()[people] }},
        case when count(*) = count({{ of_day }}) then max({{ of_day }}) end as {{ people }}_at_least,
        {%- endfor %}
        {%- for name in amounts %}
        {%- set of_day = "case when did.store_id is not null then did." ~ name ~ " when told.tells_" ~ name ~ " and not sources.is_total then 0 end" %}
        case when count(*) = count({{ of_day }}) then sum({{ of_day }}) end as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_span_days') }} as days
    inner join sources
        on days.store_id = sources.store_id
        and days.date_day >= sources.first_day
    left join first_told
        on sources.store_id = first_told.store_id
        and sources.platform = first_told.platform
    left join daily
        on days.store_id = daily.store_id
        and days.date_day = daily.date_day
        and sources.source_l1 = daily.source_l1
        and sources.source_l2 = daily.source_l2
        and sources.device = daily.device
        and sources.is_total = daily.is_total
    left join did
        on days.store_id = did.store_id
        and days.date_day = did.period_start
        and did.grain = 'day'
        and {{ only_where("sources.device = 'all'", 'sources.source_l1') }} = did.source_l1
        and sources.source_l2 = did.source_l2
    left join told
        on days.store_id = told.store_id
        and sources.platform = told.platform
        and {{ only_where("sources.device = 'all'", 'days.date_day') }} = told.date_day
    group by
        days.store_id, days.grain, days.period_start, days.span_days, sources.source_l1, sources.source_l2,
        sources.device, sources.is_total

),

visited as (

    select
        added.store_id,
        added.grain,
        added.period_start,
        added.span_days,
        added.source_l1,
        added.source_l2,
        added.device,
        added.is_total,
        {%- for name in ['visitor_days', 'visitors_at_least', 'new_visitor_days', 'sessions', 'page_views', 'bounces', 'seconds'] %}
        added.{{ name }},
        {%- endfor %}
        {%- for people, days in source_people().items() %}
        added.{{ days }},
        added.{{ people }}_at_least,
        {%- endfor %}
        {%- for name, people in outcomes.items() %}
        case
            when added.{{ people }}_at_least = 0 then 0
            when added.span_days = 0 then own_outcomes.{{ name }}
        end as {{ people }},
        {%- endfor %}
        -- If the platform was first read after the period had begun, the days are only a part: its own figure of the period goes first.
        {%- for name in amounts %}
        coalesce(
            case when added.span_days = 0 and added.told_from > added.period_start then own_outcomes.{{ name }} end,
            added.{{ name }},
            case when added.span_days = 0 then own_outcomes.{{ name }} end
        ) as {{ name }},
        {%- endfor %}
        spans.is_traffic_loaded,
        case
            when added.visitor_days = 0 and spans.is_traffic_loaded then 0
            when added.span_days = 0 then own_figures.visitors
        end as visitors,
        case
            when added.visitor_days = 0 and spans.is_traffic_loaded then 0
            when added.span_days = 0 then own_figures.new_visitors
        end as new_visitors,
        own_totals.visitors as visitors_total_distinct
    from added
    inner join {{ ref('int_spans') }} as spans
        on added.store_id = spans.store_id and added.grain = spans.grain
        and added.period_start = spans.period_start and added.span_days = spans.span_days
        and spans.has_traffic
    left join own_figures
        on added.store_id = own_figures.store_id and added.grain = own_figures.grain
        and added.period_start = own_figures.period_start and added.source_l1 = own_figures.source_l1
        and added.source_l2 = own_figures.source_l2 and added.device = own_figures.device
    left join own_figures as own_totals
        on added.store_id = own_totals.store_id and added.grain = own_totals.grain
        and added.period_start = own_totals.period_start and own_totals.source_l1 = 'ALL'
        and {{ only_where('added.span_days = 0', 'added.device') }} = own_totals.device
    left join did as own_outcomes
        on added.store_id = own_outcomes.store_id and added.grain = own_outcomes.grain
        and added.period_start = own_outcomes.period_start
        and {{ only_where("added.device = 'all'", 'added.source_l1') }} = own_outcomes.source_l1
        and added.source_l2 = own_outcomes.source_l2

),

-- The base of shares: sessions, or the sum of daily visitors where one of the sources has no sessions.
weighed as (

    select
        visited.*,
        case
            when sum(case when not is_total and sessions is null then 1 else 0 end) over (
                partition by store_id, device, grain, period_start, span_days
            ) = 0 then sessions
            else visitor_days
        end as visits
    from visited

)

select
    weighed.*,
    case when coalesce(buyers, buyer_days, orders, paid_amount, cart_visitors, cart_visitor_days, fav_visitors, fav_visitor_days) is not null
        then 'platform' end as attribution_rule,
    {{ ratio('buyers', 'visitors') }} as pay_conversion,
    {{ ratio('paid_amount', 'visitors') }} as uv_value,
    {{ ratio('bounces', 'sessions') }} as bounce_rate,
    {{ ratio('seconds', 'sessions') }} as seconds_per_session,
    {{ ratio('visitors', 'visitors_total_distinct') }} as share_of_visitors,
    {{ ratio(
        "sum(case when source_l1 in ('free_search', 'free_recommend', 'free_content') then visits else 0 end) over of_device",
        "sum(case when not is_total then visits end) over of_device"
    ) }} as free_share,
    {{ ratio(
        "sum(case when source_l1 in ('paid_search_bidding', 'paid_display_feed', 'affiliate', 'kol_live') then visits else 0 end) over of_device",
        "sum(case when not is_total then visits end) over of_device"
    ) }} as paid_share
from weighed
window of_device as (partition by store_id, device, grain, period_start, span_days)
