{#- Statuses: public Dangdang integrations, `orderState`. -200 is an order that was split: its parts are orders of their own. -#}
{%- set states = {
    '50': 'created',
    '100': 'created',
    '101': 'paid',
    '300': 'shipped',
    '400': 'delivered',
    '1000': 'completed',
    '1100': 'failed',
    '-100': 'cancelled',
    '-200': 'split',
} -%}

with

records as (
    select
        account_id,
        record_key,
        load_id,
        loaded_at,
        cursor_at,
        delivered_seen_at,
        completed_seen_at,
        closed_seen_at,
        latest.record.buyer_key,
        latest.record.detail as detail,
        latest.record.detail.buyerInfo as buyer,
        latest.record.detail.ItemsList.ItemInfo as items,
        latest.record.detail.OrderOperateList.OperateInfo as operations
    from {{ ref('base_dangdang__orders') }} as latest
),

orders as (
    select
        records.account_id,
        account.store_id,
        account.currency,
        records.record_key as order_id,
        records.load_id,
        records.loaded_at,
        records.delivered_seen_at,
        records.completed_seen_at,
        records.closed_seen_at,
        records.buyer_key,
        records.detail.orderState as source_status,
        {{ translate('records.detail.orderState', states) }} as status_state,
        case when records.buyer.buyerPayMode = '货到付款' then 'cod' else 'standard' end as order_type,
        {{ local_time(element_of('records.operations', 'operateDetails', '顾客下单', 'operateTime'), "'Asia/Shanghai'") }}
            as placed_at,
        {{ local_time('records.detail.paymentDate', "'Asia/Shanghai'") }} as payment_at,
        {{ local_time('records.detail.sendDate', "'Asia/Shanghai'") }} as shipped_at,
        coalesce({{ local_time('records.detail.lastModifyTime', "'Asia/Shanghai'") }}, records.cursor_at) as modified_at,
        coalesce({{ money('records.buyer.postage') }}, 0) as shipping_charged,
        cast(coalesce({{ money('records.buyer.activityDeductAmount') }}, 0)
            + coalesce({{ money('records.buyer.pointDeductionAmount') }}, 0) as decimal(18, 4)) as platform_subsidy,
        {{ money('records.buyer.realPaidAmount') }} as paid_amount,
        cast({{ money('records.buyer.totalBarginPrice') }} + coalesce({{ money('records.buyer.giftCardMoney') }}, 0)
            + coalesce({{ money('records.buyer.accountBalance') }}, 0) as decimal(18, 4)) as due_amount,
        {{ array_sum('records.items', 'item', money('item.unitPrice') ~ ' * ' ~ money('item.orderCount')) }} as goods,
        nullif(records.buyer.buyerPayMode, '') as payment_type,
        records.detail.sendGoodsInfo.consigneeAddr_Province as region
    from records
    left join {{ source('raw_daybook', 'accounts') }} as account
        on records.account_id = account.account_id
),

settled as (
    select
        orders.*,
        case
            when status_state = 'split' then null
            {# Cash on delivery is paid when the parcel arrives, and stays a sale if the order is closed later: that is a refund. #}
            when order_type = 'cod' then coalesce(delivered_seen_at, completed_seen_at)
            else payment_at
        end as paid_at
    from orders
),

judged as (
    select
        settled.*,
        case
            when status_state = 'split' then 'closed_unpaid'
            when status_state in ('cancelled', 'failed') and paid_at is null then 'closed_unpaid'
            when status_state in ('cancelled', 'failed') and shipped_at is null then 'cancelled'
            when status_state in ('cancelled', 'failed') then 'completed'
            when status_state = 'created' and paid_at is not null then 'paid'
            else status_state
        end as order_state
    from settled
)

select
    'dangdang' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    order_state,
    order_type,
    coalesce(placed_at, payment_at, modified_at) as created_at,
    paid_at,
    shipped_at,
    delivered_seen_at as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case when order_state = 'completed' then coalesce(completed_seen_at, closed_seen_at) end as completed_at,
    case when order_state in ('cancelled', 'closed_unpaid') then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    {#
      Promotions come under many names (reductions, vouchers, prices of the hour). All of them together are what is left of the prices and
      the postage after the platform's part and what the buyer owes.
    #}
    cast(coalesce(goods + shipping_charged - platform_subsidy - coalesce(due_amount, paid_amount), 0) as decimal(18, 4))
        as order_discount,
    platform_subsidy,
    case
        when paid_at is not null and order_type = 'cod' then due_amount
        when paid_at is not null then coalesce(paid_amount, due_amount)
    end as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    {{ null_as('text') }} as exclude_reason,
    source_status,
    load_id,
    loaded_at
from judged
