{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{#
  There is no list of refunds: each version of an order shows the `refundStatus` of its lines. An order that a later load brought is read
  again in all its versions, so the result does not depend on the order in which they arrive.
#}
{%- set shape = {'shipTimeStr': 'text', 'itemOrderInfos': [{'itemOrderId': 'text', 'refundStatus': 'text'}]} -%}

with

changed as (
    select
        account_id,
        record_key,
        max(load_id) as load_id
    from {{ source('raw_mogujie', 'orders') }}
    {%- if is_incremental() %}
    where load_id > (select coalesce(max(load_id), -1) from {{ this }})
    {%- endif %}
    group by account_id, record_key
),

versions as (
    select
        raw.account_id,
        raw.record_key,
        raw.cursor_at,
        changed.load_id,
        {{ parse_payload('raw.payload', shape) }} as record
    from {{ source('raw_mogujie', 'orders') }} as raw
    inner join changed
        on raw.account_id = changed.account_id
        and raw.record_key = changed.record_key
),

exploded as (
    select
        account_id,
        record_key,
        cursor_at,
        load_id,
        record.shipTimeStr as ship_time,
        {{ explode('versions.record.itemOrderInfos') }} as line
    from versions
)

select
    account_id,
    record_key,
    exploded.line.itemOrderId as item_order_id,
    min(case when exploded.line.refundStatus <> '' then cursor_at end) as requested_seen_at,
    min(case when exploded.line.refundStatus = 'refund_completed' then cursor_at end) as success_seen_at,
    max(case when exploded.line.refundStatus like 'return_goods%' then 1 else 0 end) = 1 as is_return,
    max(case when exploded.line.refundStatus <> '' and coalesce(trim(ship_time), '') = '' then 1 else 0 end) = 1
        as is_before_shipment,
    max(load_id) as load_id
from exploded
group by account_id, record_key, exploded.line.itemOrderId
