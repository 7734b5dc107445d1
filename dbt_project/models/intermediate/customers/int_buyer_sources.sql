-- Where a buyer was won: the source of the visit in which they placed their first order, for platforms that keep it with the order. One
-- row per store (and ALL) and buyer with a known source.
{{ config(**rebuilt(["{{ in_changed_buyers('held') }}"])) }}
with

firsts as (

    select store_id, platform, buyer_key, order_store_id, order_id
    from {{ ref('int_buyer_orders') }} as orders
    where order_number = 1
        {%- if only_changes() %}
        and {{ in_changed_buyers('orders') }}
        {%- endif %}

),

sources as (

    select *
    from (
        {{ union_staging('order_sources') }}
    ) as sources
    where {{ is_heard('sources', 'orders') }}
    {%- if only_changes() %}
        and {{ is_listed('sources', ref('int_orders_to_write'), ['order_id']) }}
    {%- endif %}

)

select firsts.store_id, firsts.platform, firsts.buyer_key, sources.source_l1 as acquisition_source
from firsts
inner join sources
    on firsts.platform = sources.platform
    and firsts.order_store_id = sources.store_id
    and firsts.order_id = sources.order_id
