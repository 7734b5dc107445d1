{%- set measures = {'paid_amount': 'decimal(18, 2)', 'net_sales_cohort': 'decimal(18, 2)', 'orders_paid': 'bigint', 'units_winsorised': 'decimal(18, 2)',
    'gross_margin_cohort': 'decimal(18, 2)'} %}

select
    this.event_id,
    this.store_id,
    this.date_day,
    this.phase,
    this.day_number,
    this.is_complete,
    this.is_measured,
    this.data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    this.baseline_from
    {%- for name, type in measures.items() %},
    cast(this.{{ name }} as {{ type }}) as {{ name }},
    cast(this.{{ name }}_baseline as decimal(18, 2)) as {{ name }}_baseline,
    cast(this.{{ name }} - this.{{ name }}_baseline as decimal(18, 2)) as {{ name }}_incremental,
    cast(before.{{ name }} as {{ type }}) as {{ name }}_compare
    {%- endfor %}
from {{ ref('int_promo_store_days') }} as this
left join {{ ref('int_promo_store_days') }} as before
    on {{ only_where("this.phase <> 'after'", 'this.compare_to') }} = before.event_id
    and this.store_id = before.store_id
    and this.day_number = before.day_number
    and before.phase <> 'after'
    and before.is_complete
