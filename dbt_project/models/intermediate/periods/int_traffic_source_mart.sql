-- traffic_source_daily, _weekly and _monthly: each source's period with the earlier ones it is compared with.
{{ config(materialized='view') }}
{%- set measures = {'visitors': 'bigint', 'sessions': 'bigint', 'page_views': 'bigint', 'bounce_rate': 'double', 'buyers': 'bigint',
    'orders': 'bigint', 'paid_amount': 'decimal(18, 2)', 'pay_conversion': 'double', 'uv_value': 'double'} %}

select
    this.store_id,
    this.source_l1,
    this.source_l2,
    this.device,
    this.is_total,
    this.grain,
    this.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    this.is_traffic_loaded,
    cast(this.visitors as bigint) as visitors,
    cast(this.visitor_days as bigint) as visitor_days,
    cast(this.visitors_at_least as bigint) as visitors_at_least,
    cast(this.visitors_total_distinct as bigint) as visitors_total_distinct,
    this.share_of_visitors,
    cast(this.new_visitors as bigint) as new_visitors,
    cast(this.sessions as bigint) as sessions,
    cast(this.page_views as bigint) as page_views,
    cast(this.bounces as bigint) as bounces,
    this.bounce_rate,
    cast(this.seconds as bigint) as seconds,
    this.seconds_per_session,
    this.free_share,
    this.paid_share,
    this.attribution_rule,
    '{{ var("reporting_currency") }}' as currency,
    {%- for people, days in source_people().items() %}
    cast(this.{{ people }} as bigint) as {{ people }},
    cast(this.{{ days }} as bigint) as {{ days }},
    cast(this.{{ people }}_at_least as bigint) as {{ people }}_at_least,
    {%- endfor %}
    this.orders is not null as is_source_orders_loaded,
    cast(this.orders as bigint) as orders,
    cast(this.units as decimal(18, 4)) as units,
    {{ mart_money('this.paid_amount', 'true') }} as paid_amount,
    this.pay_conversion,
    this.uv_value,
    {{ compared(measures) }}
from {{ ref('int_traffic_source_by_period') }} as this
{{ joined_to_its_span() }}
{{ compared_spans('int_traffic_source_by_period', ['store_id', 'source_l1', 'source_l2', 'device'], 'spans', 'is_traffic_loaded') }}
where this.span_days = 0
