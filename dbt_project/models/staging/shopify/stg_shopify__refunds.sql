{#
  Refunds are in their order. One that gives no money back is a restock and left out. Money given back for gift cards is left out, because
  selling them is no sale of goods either. An adjustment is what the shop gave less (below 0: more) than lines and postage come to; it
  counts as goods. Duties, additional fees and tips given back are told by the total alone: what it has beside the other parts is for them, if
  the order was charged as much. If the parts do not add up to the total in any other way, they are null.
#}
{%- set amount = '.shopMoney.amount' -%}
{%- set is_gift_card = "coalesce(line.lineItem.isGiftCard = 'true', false)" -%}

with

told as (
    select
        account_id,
        record_key as order_id,
        load_id,
        latest.record.currencyCode as currency,
        latest.record.taxesIncluded = 'true' as is_tax_included,
        {# An order without a parcel was refunded before shipment. (CANCEL says the same of single pieces of an order.) #}
        {{ array_length('latest.record.fulfillments') }} = 0 as is_unsent,
        {%- for field in ['totalTipReceivedSet', 'originalTotalDutiesSet', 'originalTotalAdditionalFeesSet'] %}
        {{ '+ ' if not loop.first }}coalesce({{ money('latest.record.' ~ field ~ amount) }}, 0)
        {%- endfor %} as fees_charged,
        {{ explode('latest.record.refunds') }} as refund
    from {{ ref('base_shopify__orders') }} as latest
),

parts as (
    select
        account_id,
        order_id,
        load_id,
        currency,
        is_unsent,
        fees_charged,
        told.refund.legacyResourceId as refund_id,
        {{ first_of('told.refund.refundLineItems.nodes') }}.restockType as restock_type,
        {{ first_of('told.refund.refundLineItems.nodes') }}.lineItem.id as first_line_id,
        {{ parse_instant('told.refund.createdAt') }} as requested_at,
        coalesce({{ parse_instant('told.refund.processedAt') }}, {{ parse_instant('told.refund.createdAt') }})
            as processed_at,
        {{ money('told.refund.totalRefundedSet' ~ amount) }} as total_refunded,
        coalesce({{ array_sum('told.refund.refundLineItems.nodes', 'line',
            "case when " ~ is_gift_card ~ " then " ~ money('line.subtotalSet' ~ amount) ~ ' end') }}, 0) as gift_cards,
        {{ array_length('told.refund.orderAdjustments.nodes') }} as adjustment_count,
        coalesce({{ array_sum('told.refund.orderAdjustments.nodes', 'less', money('less.amountSet' ~ amount)) }}, 0) as adjusted,
        coalesce({{ array_sum('told.refund.orderAdjustments.nodes', 'less', money('less.taxAmountSet' ~ amount)) }}, 0)
            as adjusted_tax,
        {{ array_length('told.refund.refundLineItems.nodes') }} as line_count,
        {{ array_length('told.refund.refundShippingLines.nodes') }} as charge_count,
        coalesce({{ array_sum('told.refund.refundLineItems.nodes', 'line',
            "case when not " ~ is_gift_card ~ " then " ~ money('line.quantity') ~ ' end') }}, 0)
            as quantity,
        coalesce({{ array_sum('told.refund.refundLineItems.nodes', 'line',
            "case when not " ~ is_gift_card ~ " then " ~ money('line.subtotalSet' ~ amount) ~ ' end') }}, 0)
            as goods,
        coalesce({{ array_sum('told.refund.refundLineItems.nodes', 'line', money('line.totalTaxSet' ~ amount)) }}, 0)
            as goods_tax,
        coalesce({{ array_sum('told.refund.refundShippingLines.nodes', 'charge', money('charge.subtotalAmountSet' ~ amount)) }}, 0)
            as shipping,
        coalesce({{ array_sum('told.refund.refundShippingLines.nodes', 'charge', money('charge.taxAmountSet' ~ amount)) }}, 0)
            as shipping_tax,
        is_tax_included,
        {{ array_length('told.refund.transactions.nodes') }} as payment_count,
        {{ array_sum('told.refund.transactions.nodes', 'entry',
            "case when entry.status in ('SUCCESS', 'UNKNOWN') then 1 else 0 end") }} as success_count,
        {{ array_sum('told.refund.transactions.nodes', 'entry',
            "case when entry.status in ('PENDING', 'AWAITING_RESPONSE') then 1 else 0 end") }} as pending_count
    from told
),

refunds as (
    select
        *,
        case
            when payment_count = 0 or success_count > 0 then 'success'
            when pending_count > 0 then 'processing'
            else 'closed'
        end as refund_state,
        total_refunded - gift_cards as refund_amount,
        goods - adjusted - case when is_tax_included then goods_tax - adjusted_tax else 0 end as goods_net,
        shipping - case when is_tax_included then shipping_tax else 0 end as shipping_net,
        goods_tax + shipping_tax - adjusted_tax as tax,
        total_refunded - gift_cards - goods - shipping + adjusted
            - case when is_tax_included then 0 else goods_tax + shipping_tax - adjusted_tax end as fees
    from parts
    where total_refunded - gift_cards > 0
),

split as (
    select
        *,
        (fees = 0 and line_count + charge_count + adjustment_count > 0) or (fees > 0 and fees <= fees_charged) as is_split
    from refunds
)

select
    'shopify' as platform,
    split.account_id,
    account.store_id,
    refund_id,
    order_id,
    case when line_count = 1 and charge_count = 0 then replace(first_line_id, 'gid://shopify/LineItem/', '') end as line_id,
    refund_state,
    case
        when restock_type in ('RETURN', 'LEGACY_RESTOCK') then 'return_refund'
        when restock_type = 'CANCEL' or is_unsent then 'before_shipment'
        else 'refund_only'
    end as refund_type,
    requested_at,
    case when refund_state = 'success' then processed_at end as refunded_at,
    cast(refund_amount as decimal(18, 4)) as refund_amount,
    case when is_split then cast(goods_net as decimal(18, 4)) end as refund_goods,
    case when is_split then cast(shipping_net as decimal(18, 4)) end as refund_shipping,
    case when is_split then cast(tax as decimal(18, 4)) end as refund_tax,
    case when line_count > 0 then cast(quantity as decimal(18, 4)) end as quantity,
    {# The shop's note is free text that often speaks of the buyer, so it is not read. #}
    {{ null_as('text') }} as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    split.currency,
    load_id
from split
left join {{ source('raw_daybook', 'accounts') }} as account
    on split.account_id = account.account_id
