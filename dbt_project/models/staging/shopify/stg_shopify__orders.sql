{#- Statuses: Admin GraphQL 2026-10, `OrderDisplayFinancialStatus`. -#}
{%- set states = {
    'PENDING': 'created',
    'AUTHORIZED': 'created',
    'PARTIALLY_PAID': 'created',
    'PAID': 'paid',
    'PARTIALLY_REFUNDED': 'paid',
    'REFUNDED': 'paid',
    'VOIDED': 'closed_unpaid',
    'EXPIRED': 'closed_unpaid',
} -%}
{%- set amount = '.shopMoney.amount' -%}

with

payments as (
    select
        account_id,
        record_key,
        {{ money('latest.record.originalTotalPriceSet' ~ amount) }} as ordered_total,
        {{ explode('latest.record.transactions') }} as entry
    from {{ ref('base_shopify__orders') }} as latest
),

received as (
    select
        account_id,
        record_key,
        ordered_total,
        {{ parse_instant('payments.entry.processedAt') }} as received_at,
        sum({{ money('payments.entry.amountSet' ~ amount) }}) over (
            partition by account_id, record_key
            order by {{ parse_instant('payments.entry.processedAt') }}
            rows between unbounded preceding and current row
        ) as received_so_far
    from payments
    where payments.entry.kind in ('SALE', 'CAPTURE') and payments.entry.status = 'SUCCESS'
        and coalesce(payments.entry.test, 'false') <> 'true'
),

{#
  The shop has no time of full payment. It is the time of the payment with which the total first ordered (`originalTotalPriceSet`) was
  reached, so goods that are added and paid later do not move the sale. If the total was made smaller before that, it is the last payment.
#}
paid as (
    select
        account_id,
        record_key,
        min(case when received_so_far >= ordered_total then received_at end) as paid_up_at,
        max(received_at) as last_paid_at
    from received
    group by account_id, record_key
),

parcels as (
    select
        account_id,
        record_key,
        {{ explode('latest.record.fulfillments') }} as entry
    from {{ ref('base_shopify__orders') }} as latest
),

sent as (
    select
        account_id,
        record_key,
        min({{ parse_instant('parcels.entry.createdAt') }}) as shipped_at,
        max({{ parse_instant('parcels.entry.deliveredAt') }}) as delivered_at,
        count(*) = count({{ parse_instant('parcels.entry.deliveredAt') }}) as is_all_delivered
    from parcels
    where parcels.entry.status not in ('CANCELLED', 'ERROR', 'FAILURE')
    group by account_id, record_key
),

taken_off as (
    select
        account_id,
        order_id,
        sum(list_amount - discount + line_tax) as amount_off,
        sum(line_tax) as tax_off
    from {{ ref('base_shopify__taken_off') }}
    group by account_id, order_id
),

orders as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.record,
        case
            when latest.record.displayFinancialStatus = 'PARTIALLY_PAID' and paid.paid_up_at is not null then 'paid'
            else {{ translate('latest.record.displayFinancialStatus', states) }}
        end as money_state,
        latest.record.displayFulfillmentStatus = 'FULFILLED' as is_fulfilled,
        {{ parse_instant('latest.record.createdAt') }} as created_at,
        {{ parse_instant('latest.record.updatedAt') }} as modified_at,
        {{ parse_instant('latest.record.cancelledAt') }} as cancelled_at,
        {{ parse_instant('latest.record.closedAt') }} as closed_at,
        {# A free order has no payment. It is paid when it was placed (`processedAt`). #}
        coalesce(paid.paid_up_at, paid.last_paid_at, {{ parse_instant('latest.record.processedAt') }}) as paid_at,
        coalesce(taken_off.amount_off, 0) as amount_off,
        coalesce(taken_off.tax_off, 0) as tax_off,
        sent.shipped_at,
        sent.delivered_at,
        coalesce(sent.is_all_delivered, false) as is_all_delivered,
        {#
          Postage that an edit removed counts only if the total first ordered had been paid: then it was sold, and giving it back is a
          refund.
        #}
        {%- for kept in [true, false] %}
        {%- set which = "case when coalesce(charge.isRemoved, 'false') " ~ ('<>' if kept else '=') ~ " 'true' then " %}
        {{ array_sum('latest.record.shippingLines.nodes', 'charge',
            which ~ money('charge.discountedPriceSet' ~ amount) ~ ' end') }} as shipping{{ '' if kept else '_removed' }},
        {{ array_sum('latest.record.shippingLines.nodes', 'charge',
            which ~ array_sum('charge.taxLines', 'tax', money('tax.priceSet' ~ amount)) ~ ' end') }}
            as shipping_tax{{ '' if kept else '_removed' }},
        {%- endfor %}
        paid.paid_up_at is not null as was_paid_up,
        {{ excluded_by_mark({'source_name': 'latest.record.sourceName'}) }} as marked
    from {{ ref('base_shopify__orders') }} as latest
    left join paid
        on latest.account_id = paid.account_id and latest.record_key = paid.record_key
    left join sent
        on latest.account_id = sent.account_id and latest.record_key = sent.record_key
    left join taken_off
        on latest.account_id = taken_off.account_id and latest.record_key = taken_off.order_id
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'shopify' as platform,
    account_id,
    store_id,
    order_id,
    orders.record.buyer_key as buyer_key,
    orders.record.currencyCode as currency,
    case
        when money_state = 'created' and cancelled_at is not null then 'closed_unpaid'
        when money_state <> 'paid' then money_state
        when cancelled_at is not null and not is_fulfilled then 'cancelled'
        when is_fulfilled and closed_at is not null then 'completed'
        when is_fulfilled and is_all_delivered then 'delivered'
        when is_fulfilled then 'shipped'
        else 'paid'
    end as order_state,
    case when orders.record.purchasingEntity.__typename = 'PurchasingCompany' then 'b2b' else 'standard' end as order_type,
    created_at,
    case when money_state = 'paid' then paid_at end as paid_at,
    shipped_at,
    case when is_all_delivered then delivered_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case when is_fulfilled then closed_at end as completed_at,
    case when money_state <> 'paid' or not is_fulfilled then coalesce(cancelled_at,
        case when money_state = 'closed_unpaid' then modified_at end) end as cancelled_at,
    modified_at,
    cast(
        coalesce(shipping, 0) - case when orders.record.taxesIncluded = 'true' then coalesce(shipping_tax, 0) else 0 end
        + case when was_paid_up then coalesce(shipping_removed, 0)
            - case when orders.record.taxesIncluded = 'true' then coalesce(shipping_tax_removed, 0) else 0 end else 0 end
        as decimal(18, 4)
    ) as shipping_charged,
    cast(coalesce({{ money('orders.record.totalTaxSet' ~ amount) }}, 0) - tax_off as decimal(18, 4)) as tax,
    {# Shopify allocates every discount to the lines, also a code on the whole order. #}
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    cast({{ money('orders.record.totalPriceSet' ~ amount) }} - amount_off as decimal(18, 4)) as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    {{ first_of('orders.record.paymentGatewayNames') }} as payment_type,
    case
        when orders.record.shippingAddress.provinceCode <> ''
            then concat(orders.record.shippingAddress.countryCodeV2, '-', orders.record.shippingAddress.provinceCode)
        else nullif(orders.record.shippingAddress.countryCodeV2, '')
    end as region,
    case orders.record.purchasingEntity.__typename
        when 'PurchasingCompany' then 'organisation'
        when 'Customer' then 'individual'
    end as buyer_type,
    case
        when orders.record.test = 'true' then 'test'
        {# `confirmed` false: the order was received, but no stock was reserved for it (yet). #}
        when orders.record.confirmed = 'false' then 'unconfirmed'
        else marked
    end as exclude_reason,
    orders.record.displayFinancialStatus as source_status,
    load_id,
    loaded_at
from orders
