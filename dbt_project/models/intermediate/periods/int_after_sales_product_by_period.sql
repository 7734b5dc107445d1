-- The one SELECT behind after_sales_product_*: whose goods went back and why, in each span. A refund of several products counts once for
-- each of them; one of postage alone counts for none. There is no ALL, because product ids of two stores have nothing in common. reason
-- 'ALL' is all reasons together. One row per store, product, reason, grain, period_start and span with a refund.
{{ config(**rebuilt(["{{ in_affected_spans('held') }}"])) }}
{%- set types = {'refund_only': 'refund_only', 'return_refund': 'return_refund', 'before_shipment': 'before_shipment', 'exchanges': 'exchange'} %}
{%- set added = ['refunds', 'refunds_timed'] + types | list + ['refund_units', 'refund_goods', 'refund_seconds', 'unrated'] %}

with

refunds as (

    select platform, store_id, refund_id, refund_type, refund_amount, coalesce(reason, 'unknown') as reason,
        -- Some platforms have one moment for the request and the refund: then it is not known how long it took.
        nullif({{ seconds_between('requested_at', 'refunded_at') }}, 0) as seconds
    from {{ ref('fct_refunds') }} as refunds
    where is_counted
        {%- if only_changes() %}
        and {{ in_affected_days('refunds.store_id', 'refunds.refund_date') }}
        {%- endif %}

),

-- A refund of two lines with the same product counts once for it.
parts as (

    select platform, store_id, refund_id, refund_date, coalesce(product_id, 'unknown') as product_id,
        sum(refund_units) as refund_units,
        case when count(*) = count(refund_goods) then sum(refund_goods) end as refund_goods
    from {{ ref('fct_refund_lines') }} as refund_lines
    {%- if only_changes() %}
    where {{ in_affected_days('refund_lines.store_id', 'refund_lines.refund_date') }}
    {%- endif %}
    group by platform, store_id, refund_id, refund_date, coalesce(product_id, 'unknown')

),

days as (

    select
        parts.store_id, parts.product_id, refunds.reason, parts.refund_date as date_day,
        count(*) as refunds,
        count(refunds.seconds) as refunds_timed,
        {%- for name, type in types.items() %}
        sum(case when refunds.refund_type = '{{ type }}' then 1 else 0 end) as {{ name }},
        {%- endfor %}
        sum(parts.refund_units) as refund_units,
        sum(parts.refund_goods) as refund_goods,
        sum(coalesce(refunds.seconds, 0)) as refund_seconds,
        count(*) - count(parts.refund_goods) as unrated
    from parts
    inner join refunds
        on parts.platform = refunds.platform
        and parts.store_id = refunds.store_id
        and parts.refund_id = refunds.refund_id
    -- A refund that gave money back for other things only (postage, say) is no refund of this product.
    where parts.refund_goods is distinct from 0 or refunds.refund_amount = 0
    group by parts.store_id, parts.product_id, refunds.reason, parts.refund_date

),

by_reason as (

    select store_id, product_id, reason, date_day, {{ added | join(', ') }} from days
    union all
    select store_id, product_id, 'ALL', date_day, {{ added | join(', ') }} from days

),

summed as (

    select
        by_reason.store_id, by_reason.product_id, by_reason.reason, spans.grain, spans.period_start, spans.span_days
        {%- for name in added %},
        sum(by_reason.{{ name }}) as {{ name }}
        {%- endfor %}
    from by_reason
    inner join {{ days_to_write() }} as spans
        on by_reason.store_id = spans.store_id
        and by_reason.date_day = spans.date_day
    group by by_reason.store_id, by_reason.product_id, by_reason.reason, spans.grain, spans.period_start, spans.span_days

)

select
    store_id,
    product_id,
    reason,
    grain,
    period_start,
    span_days,
    {%- for name in ['refunds', 'refunds_timed'] + types | list %}
    cast({{ name }} as bigint) as {{ name }},
    {%- endfor %}
    cast(refund_units as decimal(18, 4)) as refund_units,
    {{ mart_money('refund_goods', 'unrated = 0') }} as refund_goods,
    round(cast(refund_seconds as double) / 3600, 4) as refund_hours,
    {{ ratio('cast(refund_seconds as double) / 3600', 'refunds_timed') }} as avg_refund_hours
from summed
