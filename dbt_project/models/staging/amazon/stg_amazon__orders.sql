{#-
  Statuses: Orders API 2026-01-01, `fulfillmentStatus`. Amazon charges the buyer when it ships, so an order cancelled before that was
  never paid. The API has no time of payment: paid_at is the time of the order, by which Amazon's own sales figures go, too.
-#}
{%- set states = {
    'PENDING_AVAILABILITY': 'created',
    'PENDING': 'created',
    'UNSHIPPED': 'paid',
    'PARTIALLY_SHIPPED': 'paid',
    'SHIPPED': 'shipped',
    'CANCELLED': 'closed_unpaid',
    'UNFULFILLABLE': 'closed_unpaid',
} -%}
{#- The breakdowns of one type added up over all items; of DISCOUNT only the part that is off the postage. -#}
{%- set subtotal = money('part.subtotal.amount') -%}
{%- set of_postage = array_sum('part.detailedBreakdowns', 'detail',
    "case when detail.subtype = 'SHIPPING' then abs(" ~ money('detail.value.amount') ~ ") else 0 end") -%}
{%- set parts = {} -%}
{%- for type, amount in {'SHIPPING': subtotal, 'TAX': subtotal, 'DISCOUNT': of_postage}.items() -%}
    {%- do parts.update({type: 'coalesce(' ~ array_sum('latest.record.orderItems', 'item',
        array_sum('item.proceeds.breakdowns', 'part', "case when part.type = '" ~ type ~ "' then " ~ amount
            ~ " else 0 end")) ~ ', 0)'}) -%}
{%- endfor -%}

with

parcels as (
    select
        account_id,
        record_key,
        {{ explode('latest.record.packages') }} as parcel
    from {{ ref('base_amazon__orders') }} as latest
),

sent as (
    select
        account_id,
        record_key,
        min({{ parse_instant('parcels.parcel.shipTime') }}) as shipped_at
    from parcels
    group by account_id, record_key
),

orders as (
    select
        latest.account_id,
        account.store_id,
        account.currency as account_currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.record,
        {{ translate('latest.record.fulfillment.fulfillmentStatus', states) }} as order_state,
        {{ parse_instant('latest.record.createdTime') }} as created_at,
        {{ parse_instant('latest.record.lastUpdatedTime') }} as modified_at,
        sent.shipped_at,
        {{ parts['SHIPPING'] }} - {{ parts['DISCOUNT'] }} as shipping,
        {{ parts['TAX'] }} as tax,
        {{ array_sum('latest.record.programs', 'program', "case when program = 'AMAZON_BUSINESS' then 1 else 0 end") }}
            as business,
        {#
          A free replacement is an order of its own that names the one it replaces. An order that was placed elsewhere (NON_AMAZON) is only
          sent from Amazon's warehouse. Neither is a sale.
        #}
        {{ array_sum('latest.record.associatedOrders', 'other',
            "case when other.associationType = 'REPLACEMENT_ORIGINAL_ID' then 1 else 0 end") }} as replaced,
        {{ excluded_by_mark({'channel': 'latest.record.salesChannel.channelName'}) }} as marked
    from {{ ref('base_amazon__orders') }} as latest
    left join sent
        on latest.account_id = sent.account_id and latest.record_key = sent.record_key
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'amazon' as platform,
    account_id,
    store_id,
    order_id,
    orders.record.buyer_key as buyer_key,
    coalesce(orders.record.proceeds.grandTotal.currencyCode, account_currency) as currency,
    order_state,
    case when business > 0 then 'b2b' else 'standard' end as order_type,
    created_at,
    case when order_state in ('paid', 'shipped') then created_at end as paid_at,
    shipped_at,
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    {{ null_as('instant') }} as completed_at,
    case when order_state = 'closed_unpaid' then modified_at end as cancelled_at,
    modified_at,
    cast(shipping as decimal(18, 4)) as shipping_charged,
    cast(tax as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    {{ money('orders.record.proceeds.grandTotal.amount') }} as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    {{ null_as('text') }} as payment_type,
    case
        when orders.record.recipient.deliveryAddress.stateOrRegion <> ''
            then concat(
                orders.record.recipient.deliveryAddress.countryCode, '-',
                orders.record.recipient.deliveryAddress.stateOrRegion
            )
        else nullif(orders.record.recipient.deliveryAddress.countryCode, '')
    end as region,
    case when business > 0 then 'organisation' end as buyer_type,
    case
        when replaced > 0 or orders.record.salesChannel.channelName = 'NON_AMAZON' then 'not_a_sale'
        else marked
    end as exclude_reason,
    orders.record.fulfillment.fulfillmentStatus as source_status,
    load_id,
    loaded_at
from orders
