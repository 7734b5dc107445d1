{#-
  Statuses: SDK comments of afterSale.listAfterSaleInfos (11, an exchange that became a refund: of the list before it). Money given
  back is told by refundStatus 2 alone: a finished return whose money is to come (101, 201, 301), on its way (108, 1) or stuck (3) is
  not over. A finished exchange (4) gave goods.
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
            when latest.record.status = '4' and latest.record.returnType = '2' then 'success'
            when latest.record.status = '4' and latest.record.detail.refundStatus in ('101', '201', '301', '108', '1', '3') then 'processing'
            else {{ translate('latest.record.status', states) }}
        end as refund_state,
        case
            when latest.record.returnType = '2' and (latest.record.status = '11' or latest.record.detail.refundStatus = '2')
                then 'return_refund'
            else {{ translate('latest.record.returnType', types) }}
        end as refund_type,
        {{ epoch_time('latest.record.applyTime', 1000) }} as requested_at,
        latest.success_seen_at,
        {{ money('latest.record.expectedRefundAmountYuan') }} as expected_amount,
        {{ money('latest.record.detail.refundAmountYuan') }} as given_amount,
        latest.record.reasonNameZh as reason
    from {{ ref('base_xiaohongshu__refunds') }} as latest
)

select
    'xiaohongshu' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    {# The list names the order only. #}
    {{ null_as('text') }} as line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then success_seen_at end as refunded_at,
    case when refund_state = 'success' then coalesce(given_amount, expected_amount) else expected_amount end as refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    reason,
    account.currency,
    refunds.load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
