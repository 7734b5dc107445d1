{#-
  Statuses: Pinduoduo documentation, `order_status`. It says how far the parcel is. Whether there is a sale at all is told by
  `confirm_status` and `group_status`, and whether it was refunded by `refund_status`.
-#}
{%- set states = {'1': 'paid', '2': 'shipped', '3': 'delivered'} -%}
{%- set at_its_price = money('item.goods_price') ~ ' * ' ~ money('item.goods_count') -%}

with

orders as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.cancelled_seen_at,
        latest.record.buyer_key,
        latest.record.order_status as source_status,
        {{ translate('latest.record.order_status', states) }} as status_state,
        latest.record.refund_status as refund_status,
        coalesce(latest.record.confirm_status = '2', false) as is_called_off,
        {# Never a sale. An order that was cancelled after its confirmation is not among these: it stays a sale and is refunded. #}
        coalesce(
            latest.record.group_status = '2'
            or (latest.record.confirm_status = '2' and {{ local_time('latest.record.confirm_time', "'Asia/Shanghai'") }} is null),
            false
        ) as is_failed,
        coalesce(latest.record.confirm_status = '0' or latest.record.group_status = '0', false) as is_forming,
        {#
          `trade_type` 0 is an ordinary order, `step_trade_status` 0 an unpaid deposit. Some answers have a `step_trade_status` of 0 in
          ordinary orders, so it is read only where `trade_type` is another.
        #}
        case when coalesce(latest.record.trade_type, '1') <> '0' then latest.record.step_order_info.step_trade_status end
            as step_status,
        {{ money('latest.record.step_order_info.advanced_paid_fee') }} as deposit,
        latest.balance_seen_at,
        {{ local_time('latest.record.created_time', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('latest.record.pay_time', "'Asia/Shanghai'") }} as pay_time,
        {{ local_time('latest.record.confirm_time', "'Asia/Shanghai'") }} as confirm_time,
        {{ local_time('latest.record.shipping_time', "'Asia/Shanghai'") }} as shipped_at,
        {{ local_time('latest.record.updated_at', "'Asia/Shanghai'") }} as modified_at,
        {# It names the order it goes with, which lists it as `gift_list`, too. #}
        {{ array_sum('latest.record.related_order_list', 'related', "case when related.relation_type = '4' then 1 else 0 end") }} > 0
            as is_gift,
        {{ money('latest.record.goods_amount') }} as goods_amount,
        case
            when {{ array_length('latest.record.item_list') }} > 0
                then cast({{ array_sum('latest.record.item_list', 'item', at_its_price) }} as decimal(18, 4))
        end as listed_amount,
        coalesce({{ money('latest.record.discount_amount') }}, 0) as discount_amount,
        coalesce({{ money('latest.record.platform_discount') }}, 0) as platform_discount,
        coalesce({{ money('latest.record.postage') }}, 0) as postage,
        {{ money('latest.record.pay_amount') }} as pay_amount,
        latest.record.pay_type as payment_type,
        latest.record.province as region
    from {{ ref('base_pinduoduo__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

clocks as (
    select
        *,
        step_status is not null as is_presale,
        status_state = 'paid' and (is_called_off or coalesce(refund_status = '4', false)) as is_cancelled,
        {# A group's order is a sale when the group forms, a presale when its balance is paid. #}
        case
            when is_failed or is_forming then null
            when step_status in ('0', '1') then null
            {# No presale is shipped before its balance is paid, so a shipment seen earlier than the balance dates it. #}
            when step_status = '2' then coalesce(least(balance_seen_at, shipped_at), confirm_time, pay_time)
            else coalesce(confirm_time, pay_time)
        end as paid_at
    from orders
)

select
    'pinduoduo' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when is_failed or (step_status = '1' and is_cancelled) then 'closed_unpaid'
        when step_status = '1' and not is_forming then 'deposit_paid'
        when is_forming or step_status = '0' then 'created'
        when is_cancelled then 'cancelled'
        else status_state
    end as order_state,
    case when is_presale then 'presale' else 'group_buy' end as order_type,
    created_at,
    paid_at,
    shipped_at,
    {# receive_time is when the buyer confirms, days after the parcel came. #}
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    {# The vendor has no status after delivery (3). #}
    {{ null_as('instant') }} as completed_at,
    case when is_failed or is_cancelled then coalesce(cancelled_seen_at, modified_at) end as cancelled_at,
    modified_at,
    {# Beside the goods the buyer pays postage and services for the parcel; together they are `pay_amount` without the discounted goods. #}
    cast(coalesce(pay_amount - goods_amount + discount_amount, postage) as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    {# `goods_amount` is after prices changed by hand, the item list before, so their difference is a discount of the merchant's, too. #}
    cast(discount_amount - platform_discount + coalesce(listed_amount - goods_amount, 0) as decimal(18, 4)) as order_discount,
    cast(platform_discount as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then pay_amount end as buyer_paid_total,
    case when is_presale then deposit end as deposit_paid_amount,
    case when is_presale and step_status in ('1', '2') then pay_time end as deposit_paid_at,
    false as is_deposit_forfeited,
    nullif(payment_type, '') as payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    case when is_gift then 'not_a_sale' end as exclude_reason,
    source_status,
    load_id,
    loaded_at
from clocks
