-- Buyers whose history may differ from that of the last whole build: the buyers of changed orders, as these are now and as they were.
-- The list is kept like int_changed_orders. One row per buyer.
{{ config(**kept_until_built()) }}
{%- set orders_before = as_it_was('int_orders') if execute %}

with

found as (

    select orders.platform, orders.buyer_key
    from {{ ref('int_order_totals') }} as orders
    where {{ in_changed_orders('orders') }}

    {%- if only_changes() and (orders_before or not execute) %}

    union

    select before.platform, before.buyer_key
    from {{ orders_before }} as before
    where {{ in_changed_orders('before') }}
    {%- endif %}

)

{{ newly_found(['platform', 'buyer_key']) }}
