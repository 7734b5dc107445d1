{#- States: JOS documentation, `orderState`. TRADE_CANCELED does not say whether the order was paid; `paymentConfirmTime` does. -#}
{%- set states = {
    'WAIT_SELLER_STOCK_OUT': 'paid',
    'WAIT_SELLER_DELIVERY': 'paid',
    'LOCKED': 'paid',
    'POP_ORDER_PAUSE': 'paid',
    'PAUSE': 'paid',
    'WAIT_SEND_CODE': 'paid',
    'WAIT_GOODS_RECEIVE_CONFIRM': 'shipped',
    'FINISHED_L': 'completed',
    'TRADE_CANCELED': 'cancelled',
} -%}
{#-
  `couponType`: 30 is an item's promotion (counted in the lines), JD pays for 34, 39 and 41, and 52 (gift card) is a way to pay. JD writes
  the name behind the number ('39-京豆优惠'), as it does in `payType`.
-#}
{%- set kind = "split_part(coupon.couponType, '-', 1)" -%}
{%- set item_promotions = "case when " ~ kind ~ " = '30' and coupon.skuId <> '' then " ~ money('coupon.couponPrice') ~ " end" -%}
{%- set of_platform = "case when " ~ kind ~ " in ('34', '39', '41') then " ~ money('coupon.couponPrice') ~ " end" -%}

with

orders as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.shipped_seen_at,
        latest.record.buyer_key,
        latest.record.orderState as source_status,
        {{ translate('latest.record.orderState', states) }} as status_state,
        split_part(latest.record.payType, '-', 1) = '1' as is_cod,
        {# For goods sent in exchange or after a repair JD makes an order at their full price (`returnOrder` 2 and 1). It is no sale. #}
        coalesce(latest.record.returnOrder in ('1', '2'), false) as is_after_sale,
        {{ local_time('latest.record.orderStartTime', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('latest.record.paymentConfirmTime', "'Asia/Shanghai'") }} as confirmed_at,
        {{ local_time('latest.record.orderEndTime', "'Asia/Shanghai'") }} as ended_at,
        {{ local_time('latest.record.modified', "'Asia/Shanghai'") }} as modified_at,
        coalesce({{ money('latest.record.freightPrice') }}, 0) as shipping_charged,
        coalesce({{ money('latest.record.taxFee') }}, 0) as tax,
        coalesce({{ money('latest.record.sellerDiscount') }}, 0)
            - coalesce({{ array_sum('latest.record.couponDetailList', 'coupon', item_promotions) }}, 0) as order_discount,
        coalesce({{ array_sum('latest.record.couponDetailList', 'coupon', of_platform) }}, 0) as platform_subsidy,
        {#
          What the buyer pays after using the balance of their account is `orderPayment`; JD stopped filling it in October 2024 (empty
          or 0), then it is `shouldPay`. The balance is the buyer's money, too.
        #}
        coalesce(
            nullif({{ money('latest.record.orderPayment') }}, 0), nullif({{ money('latest.record.shouldPay') }}, 0)
        ) + coalesce({{ money('latest.record.balanceUsed') }}, 0) as payment,
        latest.record.consigneeInfo.province as region
    from {{ ref('base_jd__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

clocks as (
    select
        *,
        case
            when coalesce(is_cod, false) then case when source_status = 'FINISHED_L' then ended_at end
            else confirmed_at
        end as paid_at
    from orders
)

select
    'jd' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_seen_at is not null then 'completed'
        when status_state = 'paid' and paid_at is null then 'created'
        else status_state
    end as order_state,
    case when is_cod then 'cod' else 'standard' end as order_type,
    created_at,
    paid_at,
    shipped_seen_at as shipped_at,
    {# JD has no time of delivery; only for cash on delivery it is known, by the payment. #}
    case when is_cod then paid_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when source_status = 'FINISHED_L' then ended_at
        when source_status = 'TRADE_CANCELED' and paid_at is not null and shipped_seen_at is not null
            then coalesce(ended_at, modified_at)
    end as completed_at,
    case
        when source_status = 'TRADE_CANCELED' and (paid_at is null or shipped_seen_at is null)
            then coalesce(ended_at, modified_at)
    end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(tax as decimal(18, 4)) as tax,
    cast(order_discount as decimal(18, 4)) as order_discount,
    cast(platform_subsidy as decimal(18, 4)) as platform_subsidy,
    cast(case when paid_at is not null then payment end as decimal(18, 4)) as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    case when is_cod then 'cod' end as payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    case when is_after_sale then 'not_a_sale' end as exclude_reason,
    source_status,
    load_id,
    loaded_at
from clocks
