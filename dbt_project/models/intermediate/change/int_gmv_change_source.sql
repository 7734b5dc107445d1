-- Why paid_amount changed, taken apart by the traffic sources for which platforms tell what was paid, by LMDI: paid_amount of a source =
-- visits of all sources × the source's share of them × buyers ÷ visits × spend per buyer. The effects of a source add up to its change
-- to the cent, and those of all sources to the store's. The effect of the mix of sources is the sum of the effects of the shares. What no
-- source tells stays unattributed. A period whose visits were read only in part is not taken apart. One row per store, source (and ALL),
-- grain, period and comparison.
{{ config(materialized='view') }}
{%- set effects = gmv_source_effects() %}

with

periods as (

    select
        store_id, grain, period_start, compare, period_end, days_in_period, days_elapsed, is_complete, data_through_at,
        is_orders_loaded, before_period_start, days_of, compared_with
    from {{ ref('int_gmv_change') }}

),

changes as (

    select
        changes.store_id,
        changes.grain,
        changes.period_start,
        changes.compare,
        changes.before_period_start,
        changes.paid_amount,
        changes.paid_amount_before,
        changes.paid_amount_change,
        spans.own_span_days,
        case changes.compare when 'prev' then spans.prev_span_days else spans.yoy_span_days end as before_span_days
    from {{ ref('int_gmv_change') }} as changes
    inner join {{ ref('int_spans') }} as spans
        on changes.store_id = spans.store_id
        and changes.grain = spans.grain
        and changes.period_start = spans.period_start
        and spans.span_days = 0

),

figures as (

    select store_id, source_l1, source_l2, grain, period_start, span_days, visitor_days, buyer_days,
        cast(paid_amount as decimal(18, 2)) as paid_amount
    from {{ ref('int_traffic_source_by_period') }}
    where device = 'all' and not is_total and is_traffic_loaded

),

-- A source has rows from its first day on, so the later period has every source of the earlier one. A source without a row in the earlier
-- period was not there yet: it brought nothing then, if other sources had figures.
paired as (

    select
        changes.*,
        own.source_l1,
        own.source_l2,
        before.source_l1 is null as is_unheard_of,
        own.paid_amount as source_paid,
        before.paid_amount as told_paid,
        max(case when before.paid_amount is not null then 1 else 0 end) over of_change = 1 as is_told_before,
        own.visitor_days,
        own.buyer_days,
        before.visitor_days as told_visits,
        before.buyer_days as told_bought
    from changes
    inner join figures as own
        on changes.store_id = own.store_id
        and changes.grain = own.grain
        and changes.period_start = own.period_start
        and changes.own_span_days = own.span_days
    left join figures as before
        on own.store_id = before.store_id
        and own.source_l1 = before.source_l1
        and own.source_l2 = before.source_l2
        and own.grain = before.grain
        and changes.before_period_start = before.period_start
        and changes.before_span_days = before.span_days
    window of_change as (partition by changes.store_id, changes.grain, changes.period_start, changes.compare)

),

sources as (

    select
        paired.*,
        {%- for name, column in {'source_before': 'told_paid', 'visits_before': 'told_visits', 'bought_before': 'told_bought'}.items() %}
        case when is_unheard_of and is_told_before then 0 else {{ column }} end as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from paired

),

-- `visits` are those of all sources whose visits are known in both periods.
weighed as (

    select
        sources.*,
        source_paid - source_before as source_change,
        sum(case when visits_before is not null then visitor_days end) over of_change as visits,
        sum(case when visitor_days is not null then visits_before end) over of_change as all_visits_before,
        case
            when source_paid is null or source_before is null then 'untold'
            when source_paid = 0 and source_before = 0 then 'none'
            when source_before = 0 then 'appeared'
            when source_paid = 0 then 'disappeared'
            when source_paid > 0 and source_before > 0 and visitor_days > 0 and visits_before > 0 and buyer_days > 0
                and bought_before > 0 then 'visitors'
            else 'unexplained'
        end as explained_from
    from sources
    window of_change as (partition by store_id, grain, period_start, compare)

),

-- The effect of each number by itself: visits of all sources, visits of the source, its buyers.
levels as (

    select
        weighed.*,
        {%- set mean = "case when source_paid = source_before then cast(source_paid as double)
                else cast(source_change as double) / ln(cast(source_paid as double) / cast(source_before as double)) end" %}
        {%- for name, before in {'visits': 'all_visits_before', 'visitor_days': 'visits_before', 'buyer_days': 'bought_before'}.items() %}
        case when explained_from = 'visitors' then cast(round(
            {{ mean }} * ln(cast({{ name }} as double) / cast({{ before }} as double)), 2
        ) as decimal(18, 2)) end as by_{{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from weighed

),

taken_apart as (

    select
        levels.*,
        by_visits as by_traffic,
        by_visitor_days - by_visits as by_source_share,
        by_buyer_days - by_visitor_days as by_conversion,
        case when explained_from = 'visitors' then source_change - by_buyer_days end as by_basket,
        {%- for name in ['appeared', 'disappeared', 'unexplained'] %}
        case when explained_from = '{{ name }}' then source_change end as by_{{ name }},
        {%- endfor %}
        {{ null_as('decimal(18, 2)') }} as by_unattributed,
        row_number() over (
            partition by store_id, grain, period_start, compare
            order by coalesce(case when paid_amount_change < 0 then -source_change else source_change end, 0) desc, source_l1, source_l2
        ) as turn,
        sum(case when explained_from <> 'untold' then 1 else 0 end) over (partition by store_id, grain, period_start, compare) as sources_told
    from levels

),

together as (

    select
        store_id, 'ALL' as source_l1, 'ALL' as source_l2, true as is_total, grain, period_start, compare,
        max(paid_amount) as paid_amount,
        max(paid_amount_before) as paid_amount_before,
        max(paid_amount_change) as paid_amount_change,
        max(visits) as visitor_days,
        max(all_visits_before) as visitor_days_before,
        case when count(*) = count(buyer_days) then sum(buyer_days) end as buyer_days,
        case when count(*) = count(bought_before) then sum(bought_before) end as buyer_days_before,
        'sources' as explained_from,
        {%- for name in effects if name != 'unattributed' %}
        coalesce(sum(by_{{ name }}), 0) as effect_{{ name }},
        {%- endfor %}
        max(paid_amount_change) - coalesce(sum(source_change), 0) as effect_unattributed,
        max(case when turn = 1 and source_change * paid_amount_change > 0 then concat(source_l1, ' > ', source_l2) end) as main_source,
        max(case when turn = 1 then source_change end) as change_of_main_source
    from taken_apart
    where sources_told > 0
    group by store_id, grain, period_start, compare

),

rows_of_sources as (

    select
        store_id, source_l1, source_l2, false as is_total, grain, period_start, compare,
        source_paid as paid_amount,
        source_before as paid_amount_before,
        source_change as paid_amount_change,
        visitor_days,
        visits_before as visitor_days_before,
        buyer_days,
        bought_before as buyer_days_before,
        explained_from,
        {%- for name in effects %}
        by_{{ name }} as effect_{{ name }},
        {%- endfor %}
        {{ null_as('text') }} as main_source,
        {{ null_as('decimal(18, 2)') }} as change_of_main_source
    from taken_apart
    where sources_told > 0

    union all

    select * from together

),

-- Of the parts that add up, the strongest one in the direction of the change becomes main_driver.
driven as (

    select
        rows_of_sources.*,
        greatest(
            {%- for name in effects %}
            coalesce(case when paid_amount_change < 0 then -effect_{{ name }} else effect_{{ name }} end, 0){{ "," if not loop.last }}
            {%- endfor %}
        ) as strongest
    from rows_of_sources

),

named as (

    select
        driven.*,
        case
            when explained_from = 'untold' then 'untold'
            when paid_amount_change = 0 or strongest <= 0 then 'none'
            {%- for name in effects %}
            when strongest = case when paid_amount_change < 0 then -effect_{{ name }} else effect_{{ name }} end then '{{ name }}'
            {%- endfor %}
        end as main_driver
    from driven

)

select
    named.*,
    periods.period_end,
    periods.days_in_period,
    periods.days_elapsed,
    periods.is_complete,
    periods.data_through_at,
    periods.is_orders_loaded,
    periods.before_period_start,
    concat(
        case when is_total then 'Paid' else concat(source_l1, ' > ', source_l2, ' brought') end,
        case
            when explained_from = 'untold' then concat(' an unknown amount in one of the periods compared, this one or ', periods.compared_with)
            else concat(
                ' ', cast(paid_amount as {{ t('text') }}), ' {{ var("reporting_currency") }}, ',
                case
                    when paid_amount_change = 0 then 'as much as '
                    else concat(
                        cast(abs(paid_amount_change) as {{ t('text') }}), case when paid_amount_change < 0 then ' less' else ' more' end, ' than '
                    )
                end,
                periods.days_of, periods.compared_with,
                case main_driver
                    when 'traffic' then concat(', mostly because ', case when effect_traffic < 0 then 'fewer' else 'more' end, ' visits came in all')
                    when 'source_share' then concat(
                        ', mostly because ', case when is_total then 'the mix of sources was ' else 'its share of the visits was ' end,
                        case
                            when effect_source_share < 0 then case when is_total then 'worse' else 'smaller' end
                            when is_total then 'better'
                            else 'larger'
                        end
                    )
                    when 'conversion' then concat(', mostly because ', case when effect_conversion < 0 then 'fewer' else 'more' end, ' of the visitors bought')
                    when 'basket' then concat(', mostly because a buyer spent ', case when effect_basket < 0 then 'less' else 'more' end)
                    when 'appeared' then case when is_total then ', mostly because of sources that had brought nothing' else ', where there was nothing' end
                    when 'disappeared' then case when is_total then ', mostly because of sources that brought nothing any more' else ', nothing any more' end
                    when 'unexplained' then case when is_total then ', mostly in what visits and buyers do not explain' else ', which visits and buyers do not explain' end
                    when 'unattributed' then ', mostly in what no source tells'
                    else ''
                end,
                case
                    when main_source is not null
                        then concat('; of the sources ', main_source, ' did most (', {{ signed('change_of_main_source') }}, ')')
                    else ''
                end,
                case when is_total or explained_from = 'visitors' then concat(
                    ': visits of all sources ', {{ signed('effect_traffic') }}, ', share of visits ', {{ signed('effect_source_share') }},
                    ', conversion ', {{ signed('effect_conversion') }}, ', spend per buyer ', {{ signed('effect_basket') }},
                    {%- for name, words in {'appeared': 'new', 'disappeared': 'gone', 'unexplained': 'unexplained', 'unattributed': 'told by no source'}.items() %}
                    case when effect_{{ name }} <> 0 then concat(', {{ words }} ', {{ signed('effect_' ~ name) }}) else '' end
                    {{- "," if not loop.last }}
                    {%- endfor %}
                ) else '' end
            )
        end,
        '.'
    ) as sentence
from named
inner join periods
    on named.store_id = periods.store_id
    and named.grain = periods.grain
    and named.period_start = periods.period_start
    and named.compare = periods.compare
