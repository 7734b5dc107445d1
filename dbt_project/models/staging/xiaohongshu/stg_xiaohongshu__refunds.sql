{#-
  Statuses: SDK comments of `afterSale.listAfterSaleInfos`; 11, an exchange that became a refund, stands only in an older list.
  Only `refundStatus` 2 means that the money was given back. A finished return (status 4) whose money is still to come (101, 201, 301), on
  its way (108, 1) or stuck (3) is still processing. A finished exchange gave goods and is done, unless it was turned into a refund (108):
  then it is done once the money was given back.
-#}
{%- set states = {
    '1': 'requested',
    '2': 'processing',
    '3': 'processing',
    '11': 'processing',
    '12': 'processing',
    '13': 'processing',
    '14': 'processing',
    '4': 'closed',
    '5': 'closed',
    '6': 'closed',
    '9': 'closed',
    '9001': 'closed',
} -%}
{%- set types = {
    '1': 'return_refund',
    '2': 'exchange',
    '3': 'refund_only',
    '4': 'refund_only',
    '5': 'before_shipment',
    '6': 'refund_only',
} %}

with

refunds as (
    select
        latest.account_id,
        latest.record_key as refund_id,
        latest.load_id,
        nullif(latest.record.orderId, '') as order_id,
        case
            when latest.record.detail.refundStatus = '2' then 'success'
            when latest.record.status = '4' and latest.record.returnType = '2'
                and coalesce(latest.record.detail.refundStatus, '') <> '108' then 'success'
            when latest.record.status = '4' and latest.record.detail.refundStatus in ('101', '201', '301', '108', '1', '3') then 'processing'
            else {{ translate('latest.record.status', states) }}
        end as refund_state,
        case
            when latest.record.returnType = '2' and (latest.record.status = '11' or latest.record.detail.refundStatus in ('2', '108'))
                then 'return_refund'
            else {{ translate('latest.record.returnType', types) }}
        end as refund_type,
        {{ epoch_time('latest.record.applyTime', 1000) }} as requested_at,
        case when latest.record.detail.refundStatus = '2' then latest.money_seen_at else latest.success_seen_at end as success_seen_at,
        {{ money('latest.record.expectedRefundAmountYuan') }} as expected_amount,
        {{ money('latest.record.detail.refundAmountYuan') }} as given_amount,
        {{ money('latest.record.detail.appliedSkusAmountYuan') }} as asked_goods,
        {{ money('latest.record.detail.appliedShipFeeAmountYuan') }} as asked_shipping,
        {{ array_length('latest.record.detail.skus') }} as sku_count,
        {{ first_of('latest.record.detail.skus') }}.skuId as first_sku_id,
        {{ array_sum('latest.record.detail.skus', 'sku', money('sku.appliedCount')) }} as pieces,
        latest.record.reasonNameZh as reason,
        latest.disputed_at is not null as is_disputed
    from {{ ref('base_xiaohongshu__refunds') }} as latest
),

amounts as (
    select
        *,
        case when refund_state = 'success' then coalesce(given_amount, expected_amount) else expected_amount end as refund_amount
    from refunds
)

select
    'xiaohongshu' as platform,
    amounts.account_id,
    account.store_id,
    refund_id,
    order_id,
    {# An order line has its SKU's id. A refund of several SKUs names none, or the marts would charge one line with the money of all. #}
    case when sku_count = 1 then nullif(first_sku_id, '') end as line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then success_seen_at end as refunded_at,
    refund_amount,
    {# Goods and postage are told as applied for. Where less than both was given back, no field says of which it was: null. #}
    case when asked_shipping > 0 and asked_goods + asked_shipping = refund_amount then asked_goods end as refund_goods,
    case when asked_shipping > 0 and asked_goods + asked_shipping = refund_amount then asked_shipping end as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {# `appliedCount` is how many pieces the case is about. They come back only in a return, or never left. #}
    cast(case when refund_type in ('return_refund', 'before_shipment') then nullif(pieces, 0) end as decimal(18, 4)) as quantity,
    reason,
    is_disputed,
    {# The vendor does not say who decided a dispute. #}
    case when not is_disputed then false end as is_platform_decided,
    account.currency,
    amounts.load_id
from amounts
left join {{ source('raw_daybook', 'accounts') }} as account
    on amounts.account_id = account.account_id
