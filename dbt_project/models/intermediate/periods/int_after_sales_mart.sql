-- after_sales_daily, _weekly and _monthly: each reason's period with the earlier ones it is compared with. In an earlier period whose
-- orders were loaded, a reason without a row was given by nobody.
{{ config(materialized='view') }}
{%- set rates = {'avg_refund_hours': 'double', 'ship_within_48h_rate': 'double', 'avg_delivery_days': 'double', 'late_rate': 'double'} %}
{#- A review gives no reason: it stands in the row of all. #}
{%- set has_reviews = "(this.reason = 'ALL' and spans.is_reviews_loaded)" %}

select
    this.store_id,
    this.reason,
    {{ period_columns() }},
    this.refunds_requested,
    this.refunds,
    this.refunds_timed,
    this.refund_only,
    this.return_refund,
    this.before_shipment,
    this.exchanges,
    this.refund_amount,
    this.refund_goods,
    this.refund_hours,
    this.avg_refund_hours,
    case when this.reason = 'ALL' then this.orders_due_48h end as orders_due_48h,
    case when this.reason = 'ALL' then this.orders_shipped_48h end as orders_shipped_48h,
    this.ship_within_48h_rate,
    this.is_deliveries_loaded,
    case when this.reason = 'ALL' then this.orders_delivered end as orders_delivered,
    case when this.reason = 'ALL' then this.delivery_days end as delivery_days,
    this.avg_delivery_days,
    this.is_disputes_loaded,
    case when this.is_disputes_loaded then this.disputes end as disputes,
    case when this.is_disputes_loaded and this.platform_interventions_untold = 0 then this.platform_interventions end
        as platform_interventions,
    this.is_promised_dates_loaded,
    case when this.is_promised_dates_loaded then this.orders_promised end as orders_promised,
    case when this.is_promised_dates_loaded then this.orders_late end as orders_late,
    this.late_rate,
    -- No source that is read tells this yet.
    cast(null as bigint) as lost,
    {{ has_reviews }} as is_reviews_loaded,
    {%- for name in ['reviews', 'reviews_rated', 'rating_sum', 'low_reviews'] %}
    case when {{ has_reviews }} then this.{{ name }} end as {{ name }},
    {%- endfor %}
    case when {{ has_reviews }} then {{ ratio('this.rating_sum', 'this.reviews_rated') }} end as rating_avg,
    case when {{ has_reviews }} then {{ ratio('this.low_reviews', 'this.reviews') }} end as low_rating_rate,
    -- Nor these.
    false as is_service_loaded,
    cast(null as bigint) as enquiries,
    cast(null as bigint) as enquirers,
    cast(null as double) as first_reply_seconds,
    cast(null as double) as enquiry_conversion,
    {{ compared({'refunds': 'bigint', 'refund_amount': 'decimal(18, 2)'}, nothing_where='is_orders_loaded') }},
    {{ compared(rates) }}
from {{ ref('int_after_sales_by_period') }} as this
{{ joined_to_its_span() }}
{{ joined_to_compared_spans() }}
{{ compared_spans('int_after_sales_by_period', ['store_id', 'reason'], 'spans') }}
where this.span_days = 0
