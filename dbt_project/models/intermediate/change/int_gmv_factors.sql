-- What a period and the one it is compared with are made of: paid_amount = visitors × conversion × orders per buyer × units per order
-- × price per unit. As many factors as both periods know. One row per store, grain, period and comparison.
{%- set factors = ['visitors', 'buyers', 'orders_paid', 'units_paid'] %}

with

compared as (
    {%- for compare in ['prev', 'yoy'] %}

    select
        this.store_id,
        this.grain,
        this.period_start,
        '{{ compare }}' as compare,
        this.period_end,
        this.days_in_period,
        this.days_elapsed,
        this.is_complete,
        this.data_through_at,
        this.is_orders_loaded,
        this.{{ compare }}_period_start as before_period_start,
        this.{{ compare }}_span_days as before_span_days,
        own.is_orders_loaded and before.is_orders_loaded as is_comparable,
        own.has_both_traffic and before.has_both_traffic as is_traffic_comparable,
        own.paid_amount,
        before.paid_amount as paid_amount_before,
        {%- for name in factors %}
        own.{{ name }},
        before.{{ name }} as {{ name }}_before
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_store_by_period') }} as this
    inner join {{ ref('int_store_by_period') }} as own
        on this.store_id = own.store_id
        and this.grain = own.grain
        and this.period_start = own.period_start
        and this.own_span_days = own.span_days
    inner join {{ ref('int_store_by_period') }} as before
        on this.store_id = before.store_id
        and this.grain = before.grain
        and this.{{ compare }}_period_start = before.period_start
        and this.{{ compare }}_span_days = before.span_days
    where this.span_days = 0
    {{ "union all" if not loop.last }}
    {%- endfor %}

)

select
    compared.*,
    case
        when paid_amount = 0 and paid_amount_before = 0 then 'none'
        when paid_amount_before = 0 then 'appeared'
        when paid_amount = 0 then 'disappeared'
        when paid_amount < 0 or paid_amount_before < 0 then 'unexplained'
        when not (units_paid > 0 and units_paid_before > 0 and orders_paid > 0 and orders_paid_before > 0) then 'unexplained'
        when not (buyers > 0 and buyers_before > 0) then 'orders'
        when is_traffic_comparable and visitors > 0 and visitors_before > 0 then 'visitors'
        else 'buyers'
    end as explained_from
from compared
where is_comparable and paid_amount is not null and paid_amount_before is not null
