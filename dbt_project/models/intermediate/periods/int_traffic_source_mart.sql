-- traffic_source_daily, _weekly and _monthly: each source's period with the earlier ones it is compared with.
{{ config(materialized='view') }}
{%- set measures = {'visitors': 'bigint', 'sessions': 'bigint', 'page_views': 'bigint', 'bounce_rate': 'double'} %}

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
    {{ compared(measures) }}
from {{ ref('int_traffic_source_by_period') }} as this
inner join {{ ref('int_spans') }} as spans
    on this.store_id = spans.store_id
    and this.grain = spans.grain
    and this.period_start = spans.period_start
    and this.span_days = spans.span_days
{%- for name, start, days in [
    ('own', 'period_start', 'own_span_days'),
    ('prev', 'prev_period_start', 'prev_span_days'),
    ('yoy', 'yoy_period_start', 'yoy_span_days'),
] %}
left join {{ ref('int_traffic_source_by_period') }} as {{ name }}
    on this.store_id = {{ name }}.store_id
    and this.source_l1 = {{ name }}.source_l1
    and this.source_l2 = {{ name }}.source_l2
    and this.device = {{ name }}.device
    and this.grain = {{ name }}.grain
    and spans.{{ start }} = {{ name }}.period_start
    and spans.{{ days }} = {{ name }}.span_days
    and {{ name }}.is_traffic_loaded
{%- endfor %}
where this.span_days = 0
