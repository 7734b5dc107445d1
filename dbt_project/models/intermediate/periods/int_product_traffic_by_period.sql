-- The traffic of products, variants and categories in every span. What adds up is added up over the days that have figures. People are
-- the platform's own figure of the period or null, with the bounds that the days give. For a category no such figure is read, and a
-- person who saw two of its products is one of its visitors. A figure that some of the days lack, or some of the products, is unknown.
-- One row per level, store, item, grain, period_start and span.
{%- set added = ['exposures', 'search_exposures', 'search_clicks', 'page_views', 'cart_units'] %}
{%- set people = ['visitors', 'cart_visitors', 'fav_visitors'] %}

with

figures as (

    select * from {{ ref('int_product_traffic') }}

),

days_of_items as (

    select level, store_id, item_id, product_id, product_name, period_start, visitors, visitor_days, {{ added | join(', ') }}
    from figures
    where grain = 'day'
    {%- for level, item in item_levels().items() if level.startswith('category') %}

    union all

    select '{{ level }}', store_id, {{ item }}, null, null, period_start, visitors, visitor_days, {{ added | join(', ') }}
    from figures
    where grain = 'day' and level = 'product' and {{ item }} is not null
    {%- endfor %}

),

added as (

    select
        figures.level,
        figures.store_id,
        figures.item_id,
        days.grain,
        days.period_start,
        days.span_days,
        max(figures.product_id) as product_id,
        max(figures.product_name) as product_name,
        count(distinct figures.period_start) as traffic_days,
        {%- for name in added %}
        case when count(*) = count(figures.{{ name }}) then cast(sum(figures.{{ name }}) as bigint) end as {{ name }},
        {%- endfor %}
        case when count(*) = count(figures.visitor_days) then cast(sum(figures.visitor_days) as bigint) end as visitor_days,
        case when count(*) = count(figures.visitors) then max(figures.visitors) end as visitors_at_least
    from days_of_items as figures
    inner join {{ ref('int_span_days') }} as days
        on figures.store_id = days.store_id
        and figures.period_start = days.date_day
    group by figures.level, figures.store_id, figures.item_id, days.grain, days.period_start, days.span_days

)

select
    added.level,
    added.store_id,
    added.item_id,
    added.grain,
    added.period_start,
    added.span_days,
    added.product_id,
    added.product_name,
    added.traffic_days,
    {%- for name in added %}
    added.{{ name }},
    {%- endfor %}
    {%- for name in people %}
    own.{{ name }},
    {%- endfor %}
    added.visitor_days,
    added.visitors_at_least
from added
left join figures as own
    on added.level = own.level
    and added.store_id = own.store_id
    and added.item_id = own.item_id
    and added.grain = own.grain
    and {{ only_where('added.span_days = 0', 'added.period_start') }} = own.period_start
