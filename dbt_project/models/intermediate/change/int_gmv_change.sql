-- Why paid_amount changed, by LMDI: effect = L(now, before) × ln(factor now ÷ factor before), with L the logarithmic mean. The effects
-- add up to the change, whatever the order of the factors; the cents of rounding go to the price. Where a period
-- sold nothing there is no factor to explain it: the whole change has appeared or disappeared.
{%- set parts = {
    'effect_visitors': ('visitors', "explained_from = 'visitors'"),
    'effect_buyers': ('buyers', "explained_from in ('visitors', 'buyers')"),
    'effect_orders': ('orders_paid', "explained_from in ('visitors', 'buyers', 'orders')"),
    'effect_units': ('units_paid', "explained_from in ('visitors', 'buyers', 'orders')"),
} %}
{%- set drivers = {
    'visitors': 'effect_visitors',
    'conversion': 'effect_conversion',
    'buyers': "case when explained_from = 'buyers' then effect_buyers end",
    'orders': "case when explained_from = 'orders' then effect_orders end",
    'orders_per_buyer': 'effect_orders_per_buyer',
    'units_per_order': 'effect_units_per_order',
    'unit_price': 'effect_unit_price',
} %}
{%- set towards_the_change = "(case when paid_amount_change < 0 then -1 else 1 end) * " %}

with

weighted as (

    select
        factors.*,
        paid_amount - paid_amount_before as paid_amount_change,
        case
            when explained_from not in ('visitors', 'buyers', 'orders') then null
            when paid_amount = paid_amount_before then cast(paid_amount as double)
            else cast(paid_amount - paid_amount_before as double) / ln(cast(paid_amount as double) / cast(paid_amount_before as double))
        end as weight
    from {{ ref('int_gmv_factors') }} as factors

),

-- The effect of each number by itself: visitors, buyers, orders and units.
levels as (

    select
        weighted.*,
        {%- for name, (column, condition) in parts.items() %}
        case
            when {{ condition }}
                then cast(round(weight * ln(cast({{ column }} as double) / cast({{ column }}_before as double)), 2) as decimal(18, 2))
        end as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from weighted

),

-- A factor is one number divided by the one before it (say, orders ÷ buyers), so its effect is the difference of their effects.
effects as (

    select
        store_id,
        grain,
        period_start,
        compare,
        period_end,
        days_in_period,
        days_elapsed,
        is_complete,
        data_through_at,
        is_orders_loaded,
        before_period_start,
        before_span_days,
        explained_from,
        paid_amount,
        paid_amount_before,
        paid_amount_change,
        visitors,
        visitors_before,
        buyers,
        buyers_before,
        orders_paid,
        orders_paid_before,
        units_paid,
        units_paid_before,
        effect_orders,
        effect_buyers,
        effect_visitors,
        effect_buyers - effect_visitors as effect_conversion,
        effect_orders - effect_buyers as effect_orders_per_buyer,
        effect_units - effect_orders as effect_units_per_order,
        paid_amount_change - effect_units as effect_unit_price,
        case when explained_from = 'appeared' then paid_amount_change end as effect_appeared,
        case when explained_from = 'disappeared' then paid_amount_change end as effect_disappeared,
        case when explained_from = 'unexplained' then paid_amount_change end as effect_unexplained
    from levels

),

-- Of the parts that are known and add up, the strongest one in the direction of the change becomes main_driver.
driven as (

    select
        effects.*,
        greatest(
            {%- for effect in drivers.values() %}
            coalesce({{ towards_the_change ~ effect }}, 0){{ "," if not loop.last }}
            {%- endfor %}
        ) as strongest
    from effects

),

named as (

    select
        driven.*,
        case
            when explained_from not in ('visitors', 'buyers', 'orders') then explained_from
            when strongest <= 0 then 'none'
            {%- for name, effect in drivers.items() %}
            when strongest = {{ towards_the_change ~ effect }} then '{{ name }}'
            {%- endfor %}
        end as main_driver,
        -- A period that is not over is compared with as many first days of the other; with all of them (0), where it has no more.
        case
            when before_span_days = 1 then 'the first day of '
            when before_span_days > 1 then concat('the first ', cast(before_span_days as {{ t('text') }}), ' days of ')
            else ''
        end as days_of,
        case
            when compare = 'prev' then case grain when 'day' then 'the day before' when 'week' then 'the week before' else 'the month before' end
            else case grain when 'day' then 'the same weekday a year before' when 'week' then 'the same week a year before'
                else 'the same month a year before' end
        end as compared_with
    from driven

)

select
    named.*,
    {{ ratio('paid_amount_change', 'paid_amount_before') }} as paid_amount_change_rate,
    concat(
        'Paid ', cast(paid_amount as {{ t('text') }}), ' {{ var("reporting_currency") }}, ',
        case
            when explained_from = 'none' then concat('as little as ', days_of, compared_with)
            when explained_from = 'appeared'
                then concat('where nothing was paid ', case when days_of <> '' then 'in ' else '' end, days_of, compared_with)
            when paid_amount_change = 0 then concat('as much as ', days_of, compared_with)
            else concat(
                cast(abs(paid_amount_change) as {{ t('text') }}),
                case when paid_amount_change < 0 then ' less' else ' more' end,
                ' than ', days_of, compared_with,
                ' (', case when paid_amount_change < 0 then '-' else '+' end,
                coalesce(cast(cast(round(abs(100 * cast(paid_amount_change as double) / nullif(cast(paid_amount_before as double), 0)), 1)
                    as decimal(18, 1)) as {{ t('text') }}), '?'), ' %)'
            )
        end,
        case case when paid_amount_change = 0 then 'none' else main_driver end
            when 'visitors' then concat(', mostly because ', case when effect_visitors < 0 then 'fewer' else 'more' end, ' visitors came')
            when 'conversion' then concat(', mostly because ', case when effect_conversion < 0 then 'fewer' else 'more' end, ' of the visitors bought')
            when 'buyers' then concat(', mostly because ', case when effect_buyers < 0 then 'fewer' else 'more' end, ' people bought')
            when 'orders' then concat(', mostly because of ', case when effect_orders < 0 then 'fewer' else 'more' end, ' orders')
            when 'orders_per_buyer' then concat(', mostly because buyers ordered ', case when effect_orders_per_buyer < 0 then 'less' else 'more' end, ' often')
            when 'units_per_order' then concat(', mostly because orders were ', case when effect_units_per_order < 0 then 'smaller' else 'larger' end)
            when 'unit_price' then concat(', mostly because a unit cost ', case when effect_unit_price < 0 then 'less' else 'more' end)
            when 'unexplained' then ', which its orders and units do not explain'
            else ''
        end,
        case
            when explained_from in ('visitors', 'buyers', 'orders') then concat(
                ': ',
                case explained_from
                    when 'visitors' then concat(
                        'visitors ', {{ signed('effect_visitors') }}, ', conversion ', {{ signed('effect_conversion') }},
                        ', orders per buyer ', {{ signed('effect_orders_per_buyer') }})
                    when 'buyers' then concat(
                        'buyers ', {{ signed('effect_buyers') }}, ', orders per buyer ', {{ signed('effect_orders_per_buyer') }})
                    else concat('orders ', {{ signed('effect_orders') }})
                end,
                ', units per order ', {{ signed('effect_units_per_order') }},
                ', price per unit ', {{ signed('effect_unit_price') }}
            )
            else ''
        end,
        '.'
    ) as sentence
from named
