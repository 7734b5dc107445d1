-- An event and what it cost the days around it. Only whole days count, and each beside its own baseline.
{%- set lifted = ['paid_amount', 'net_sales_cohort', 'orders_paid', 'units_winsorised', 'gross_margin_cohort'] %}
{%- set costs = ['merchant_discount', 'ad_spend', 'marketing_cost'] %}
{%- set parts = {'': "phase in ('burst', 'return')", '_before': "phase in ('presale', 'warm_up')", '_after': "phase = 'after' and is_measured"} %}

with

days as (

    select * from {{ ref('int_promo_store_days') }} where is_complete

),

summed as (

    select
        event_id,
        store_id,
        max(event) as event,
        max(event_name) as event_name,
        max(event_year) as event_year,
        max(compare_to) as compare_to,
        max(event_start) as event_start,
        max(event_end) as event_end,
        max(data_through_at) as data_through_at,
        max(date_day) as last_day,
        min(baseline_from) as baseline_from,
        min(baseline_days) as baseline_days,
        sum(case when phase in ('burst', 'return') then 1 else 0 end) as days_elapsed,
        max(case when phase in ('burst', 'return') then day_number end) as last_number,
        sum(case when phase = 'after' and is_measured then 1 else 0 end) as days_after,
        sum(case when phase in ('presale', 'warm_up') then 1 else 0 end) as days_before,
        sum(case when phase <> 'after' then deposit_received else 0 end) as deposit_received,
        sum(case when phase <> 'after' and deposit_received is null then 1 else 0 end) as deposit_received_missing,
        sum(case when phase <> 'after' then deposits_paid else 0 end) as deposits_paid,
        sum(case when phase <> 'after' then balances_paid else 0 end) as balances_paid
        {%- for name in lifted + costs %}
        {%- for suffix, condition in parts.items() %},
        sum(case when {{ condition }} then {{ name }} else 0 end) as {{ name }}{{ suffix }},
        sum(case when {{ condition }} then {{ name }}_baseline else 0 end) as {{ name }}{{ suffix }}_baseline,
        sum(case when {{ condition }} and {{ name }} is null then 1 else 0 end) as {{ name }}{{ suffix }}_missing,
        sum(case when {{ condition }} and ({{ name }} is null or {{ name }}_baseline is null) then 1 else 0 end)
            as {{ name }}{{ suffix }}_unknown
        {%- endfor %}
        {%- endfor %}
    from days
    group by event_id, store_id

),

lengths as (

    select
        event_id,
        sum(case when phase in ('burst', 'return') then 1 else 0 end) as days_in_event,
        sum(case when phase in ('presale', 'warm_up') then 1 else 0 end) as days_before,
        sum(case when phase = 'after' and is_measured then 1 else 0 end) as measured_after
    from {{ ref('int_promo_days') }}
    group by event_id

),

known as (

    select
        summed.event_id,
        summed.store_id,
        summed.event,
        summed.event_name,
        summed.event_year,
        summed.compare_to,
        summed.event_start,
        summed.event_end,
        summed.data_through_at,
        summed.last_day,
        summed.baseline_from,
        summed.baseline_days,
        summed.days_elapsed,
        summed.last_number,
        -- Of a store that is read from a later day than the announcement nobody knows the deposits, nor how long its buyers waited.
        case when summed.days_before = lengths.days_before and summed.deposit_received_missing = 0 then summed.deposit_received end
            as deposit_received,
        case when summed.days_before = lengths.days_before then summed.deposits_paid end as deposits_paid,
        case when summed.days_before = lengths.days_before then summed.balances_paid end as balances_paid,
        lengths.days_in_event,
        summed.days_elapsed = lengths.days_in_event as is_complete,
        summed.days_elapsed = lengths.days_in_event and summed.days_after = lengths.measured_after as is_settled
        {%- for name in lifted + costs %},
        case when {{ name }}_missing = 0 then {{ name }} end as {{ name }},
        case when {{ name }}_unknown = 0 then {{ name }}_baseline end as {{ name }}_baseline,
        case when {{ name }}_unknown = 0 then {{ name }} - {{ name }}_baseline end as {{ name }}_incremental,
        case when summed.days_before = lengths.days_before and {{ name }}_before_unknown = 0 then {{ name }}_before - {{ name }}_before_baseline end
            as {{ name }}_pre_dip,
        case when {{ name }}_after_unknown = 0 then {{ name }}_after - {{ name }}_after_baseline end as {{ name }}_post_dip
        {%- endfor %}
    from summed
    inner join lengths on summed.event_id = lengths.event_id
    where summed.days_elapsed > 0

),

-- What comes back of an event's orders is followed as far as each store that sold in it is read.
followed as (

    select
        sold.event_id,
        scopes.store_id,
        min(coalesce(ends.last_day, sold.date_day)) as last_day
    from days as sold
    inner join (select distinct event_id, store_id from days) as scopes
        on sold.event_id = scopes.event_id and scopes.store_id in ('ALL', sold.store_id)
    left join {{ ref('int_last_days') }} as ends on sold.store_id = ends.store_id
    where sold.phase in ('burst', 'return') and sold.orders_paid > 0
    group by sold.event_id, scopes.store_id

),

-- The event it is compared with: whole against whole, or as many first days of it while this one runs. With a day missing in between,
-- this one has not those first days.
compared as (

    select
        known.event_id,
        known.store_id
        {%- for name in lifted %},
        case when count(*) = count(before.{{ name }}) then sum(before.{{ name }}) end as {{ name }}_compare
        {%- endfor %}
    from known
    inner join days as before
        on known.compare_to = before.event_id
        and known.store_id = before.store_id
        and before.phase in ('burst', 'return')
        and (known.is_complete or before.day_number <= known.days_elapsed)
    inner join lengths as before_length on known.compare_to = before_length.event_id
    where known.is_complete or known.last_number = known.days_elapsed
    group by known.event_id, known.store_id, known.is_complete, known.days_elapsed, before_length.days_in_event
    having count(*) = case
        when known.is_complete or before_length.days_in_event < known.days_elapsed then before_length.days_in_event
        else known.days_elapsed
    end

)

select
    known.event_id,
    known.store_id,
    known.event,
    known.event_name,
    cast(known.event_year as integer) as event_year,
    known.event_start,
    known.event_end,
    cast(known.days_in_event as integer) as days_in_event,
    cast(known.days_elapsed as integer) as days_elapsed,
    known.is_complete,
    known.is_settled,
    known.data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    known.baseline_from,
    cast(known.baseline_days as bigint) as baseline_days,
    {%- for name in lifted %}
    {%- set type = 'bigint' if name == 'orders_paid' else 'decimal(18, 2)' %}
    cast(known.{{ name }} as {{ type }}) as {{ name }},
    cast(known.{{ name }}_baseline as decimal(18, 2)) as {{ name }}_baseline,
    cast(known.{{ name }}_incremental as decimal(18, 2)) as {{ name }}_incremental,
    {{ change('known.' ~ name, 'known.' ~ name ~ '_baseline') }} as {{ name }}_lift,
    cast(known.{{ name }}_pre_dip as decimal(18, 2)) as {{ name }}_pre_dip,
    cast(known.{{ name }}_post_dip as decimal(18, 2)) as {{ name }}_post_dip,
    cast(known.{{ name }}_incremental + known.{{ name }}_pre_dip + known.{{ name }}_post_dip as decimal(18, 2)) as {{ name }}_net_incremental,
    {%- endfor %}
    {%- for name in costs %}
    cast(known.{{ name }} as decimal(18, 2)) as {{ name }},
    cast(known.{{ name }}_incremental as decimal(18, 2)) as {{ name }}_incremental,
    {%- endfor %}
    cast(known.merchant_discount_incremental + known.marketing_cost_incremental as decimal(18, 2)) as promo_cost,
    -- Sales, and so the margin, are counted after the discounts: taken off once more they would be doubled.
    cast(known.gross_margin_cohort_incremental - known.marketing_cost_incremental as decimal(18, 2)) as margin_after_promo_cost,
    cast(known.deposit_received as decimal(18, 2)) as deposit_received,
    cast(known.deposits_paid as bigint) as deposits_paid,
    cast(known.balances_paid as bigint) as balances_paid,
    {{ ratio('known.balances_paid', 'known.deposits_paid') }} as balance_rate,
    cast(coalesce(orders.buyers, 0) as bigint) as buyers,
    cast(coalesce(orders.new_buyers, 0) as bigint) as new_buyers,
    {%- for window in [30, 90] %}
    cast(coalesce(orders.new_buyers_mature_{{ window }}d, 0) as bigint) as new_buyers_mature_{{ window }}d,
    cast(coalesce(orders.new_buyers_repurchased_{{ window }}d, 0) as bigint) as new_buyers_repurchased_{{ window }}d,
    {{ ratio('orders.new_buyers_repurchased_' ~ window ~ 'd', 'orders.new_buyers_mature_' ~ window ~ 'd') }} as repurchase_rate_{{ window }}d,
    {%- endfor %}
    {%- for window in [7, 15, 30] %}
    {%- set settled = "known.is_complete and " ~ add_days('known.event_end', window) ~ " <= least(ends.last_day, followed.last_day) and coalesce(orders.unrated, 0) = 0" %}
    {{ mart_money('coalesce(orders.refund_amount_' ~ window ~ 'd, 0)', settled) }} as refund_amount_cohort_{{ window }}d,
    {{ ratio('case when ' ~ settled ~ ' then coalesce(orders.refund_amount_' ~ window ~ 'd, 0) end', 'known.paid_amount') }}
        as refund_rate_cohort_{{ window }}d,
    {%- endfor %}
    known.compare_to
    {%- for name in lifted %}
    {%- set type = 'bigint' if name == 'orders_paid' else 'decimal(18, 2)' %},
    cast(compared.{{ name }}_compare as {{ type }}) as {{ name }}_compare,
    {{ change('known.' ~ name, 'compared.' ~ name ~ '_compare') }} as {{ name }}_compare_chg
    {%- endfor %}
from known
inner join {{ ref('int_last_days') }} as ends on known.store_id = ends.store_id
left join {{ ref('int_promo_orders') }} as orders
    on known.event_id = orders.event_id
    and known.store_id = orders.store_id
left join followed
    on known.event_id = followed.event_id
    and known.store_id = followed.store_id
left join compared
    on known.event_id = compared.event_id
    and known.store_id = compared.store_id
