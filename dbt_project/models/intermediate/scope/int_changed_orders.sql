-- Orders of which anything may have changed since the last whole build: their own record, a line, a refund, the rate of their money, or
-- the category of a product. A build that was cut short may have overwritten what an order said before, so what it found stays on the
-- list until a whole build has passed. One row per order; none in a full build, which needs no list.
{{ config(**kept_until_built()) }}
{%- set refunds_before = as_it_was('int_refunds') if execute %}
{%- set orders_before = as_it_was('int_order_totals') if execute %}
{%- set lines_before = as_it_was('fct_order_lines', in_marts=true) if execute %}

with

found as (

    select platform, store_id, order_id
    from (
        {{ union_staging('orders') }}
    ) as orders
    where load_id > {{ built_through() }}

    union

    select platform, store_id, order_id
    from (
        {{ union_staging('order_lines') }}
    ) as order_lines
    where load_id > {{ built_through() }}

    union

    select platform, store_id, order_id from {{ ref('int_changed_refunds') }}

    {%- if only_changes() and (refunds_before or not execute) %}

    union

    -- The order that a refund belonged to before, in case it moved to another.
    select before.platform, before.store_id, before.order_id
    from {{ refunds_before }} as before
    where {{ in_changed_refunds('before') }}

    union

    select before.platform, before.store_id, before.order_id
    from {{ refunds_before }} as before
    inner join {{ ref('int_changed_rates') }} as rates
        on rates.currency in (before.currency, before.store_currency)
        and rates.date_day = before.refund_date
    {%- endif %}

    {%- if only_changes() and (orders_before or not execute) %}
    {%- for day in ['coalesce(before.paid_date, before.created_date)', 'before.deposit_date', 'before.forfeited_date'] %}

    union

    select before.platform, before.store_id, before.order_id
    from {{ orders_before }} as before
    inner join {{ ref('int_changed_rates') }} as rates
        on rates.currency in (before.currency, before.store_currency)
        and rates.date_day = {{ day }}
    {%- endfor %}
    {%- endif %}

    {%- if only_changes() and (lines_before or not execute) %}

    union

    select before.platform, before.store_id, before.order_id
    from {{ lines_before }} as before
    where {{ is_listed('before', ref('int_changed_products'), ['platform', 'store_id', 'product_id']) }}
    {%- endif %}

)

{{ newly_found(['platform', 'store_id', 'order_id']) }}
