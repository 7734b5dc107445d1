-- Spans that the tables by period write anew:
-- * those with a day whose print differs from that of the last whole build
-- * those that are new or gone, or whose row in int_spans changed
-- * of a store whose catalogue changed, all from that day on, because a price or a stock holds until the next one
-- One row per store (and ALL), grain, period and span.
{{ config(**kept_until_built()) }}
{%- set key = ['store_id', 'grain', 'period_start', 'span_days'] %}

with
{%- for name, prints, last in [
    ('days_with_another_print', ref('int_day_prints'), source('built', 'day_prints')),
    ('days_of_another_catalogue', ref('int_catalogue_prints'), source('built', 'catalogue_prints'))
] %}

{{ name }} as (

    select distinct coalesce(prints.store_id, before.store_id) as store_id, coalesce(prints.date_day, before.date_day) as date_day
    from {{ prints }} as prints
    full join {{ last }} as before
        on prints.store_id = before.store_id
        and prints.date_day = before.date_day
    where prints.print is distinct from before.print or prints.events is distinct from before.events

),
{%- endfor %}

changed_days as (

    select store_id, date_day from days_with_another_print

    union

    select calendar.store_id, calendar.date_day
    from {{ ref('int_store_calendar') }} as calendar
    inner join (
        select store_id, min(date_day) as from_day
        from days_of_another_catalogue
        group by store_id
    ) as changed
        on calendar.store_id = changed.store_id
        and calendar.date_day >= changed.from_day

),

scoped_days as (

    select store_id, date_day from changed_days
    union
    select 'ALL' as store_id, date_day from changed_days

),

found as (

    select days.store_id, days.grain, days.period_start, days.span_days
    from {{ ref('int_span_days') }} as days
    inner join scoped_days
        on days.store_id = scoped_days.store_id
        and days.date_day = scoped_days.date_day

    union

    select
        {%- for name in key %}
        coalesce(spans.{{ name }}, before.{{ name }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from (select {{ key | join(', ') }}, {{ row_print('named') }} as print from {{ ref('int_spans') }} as named) as spans
    full join {{ source('built', 'spans') }} as before
        on {% for name in key %}spans.{{ name }} = before.{{ name }}{{ " and " if not loop.last }}{% endfor %}
    where spans.print is distinct from before.print

)

{{ newly_found(key) }}
