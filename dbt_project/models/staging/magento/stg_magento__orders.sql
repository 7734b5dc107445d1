{#-
  `state` is Magento's own and fixed; `status` is a word of the shop's and is not read. What was cancelled before payment was never bought
  and is taken off the amounts. An order that was cancelled as a whole keeps them: they show what was wanted.
-#}
{%- set states = {
    'new': 'created',
    'pending_payment': 'created',
    'payment_review': 'created',
    'processing': 'paid',
    'complete': 'completed',
    'closed': 'closed',
    'canceled': 'closed_unpaid',
    'holded': 'held',
} -%}
{#- The fixed taxes of a row, for the pieces that were not called off. -#}
{%- set ordered, called_off = money('item.qty_ordered'), money('item.qty_canceled') -%}
{%- set kept = ordered ~ " - case when latest.record.state = 'canceled' then 0 else coalesce(" ~ called_off ~ ', 0) end' -%}
{%- set fixed_tax = "case when coalesce(item.parent_item_id, '') in ('', '0') and " ~ ordered ~ ' > 0 then cast(round(cast('
    ~ fixed_product_tax('item', 'latest.record.items') ~ ' as double) * cast(' ~ kept ~ ' as double) / cast(' ~ ordered
    ~ ' as double), 4) as decimal(18, 4)) end' -%}
{%- set address = first_of('latest.record.extension_attributes.shipping_assignments') ~ '.shipping.address' -%}

with

{# An order says that it is paid and not when. That is taken from its last paid invoice (`state` 2). #}
invoiced as (
    select
        account_id,
        latest.record.order_id as order_id,
        max({{ parse_instant('latest.record.created_at') }}) as paid_at,
        max(load_id) as load_id,
        max(loaded_at) as loaded_at
    from {{ ref('base_magento__invoices') }} as latest
    where latest.record.state = '2'
    group by account_id, latest.record.order_id
),

orders as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        greatest(latest.load_id, coalesce(invoiced.load_id, latest.load_id)) as load_id,
        greatest(latest.loaded_at, coalesce(invoiced.loaded_at, latest.loaded_at)) as loaded_at,
        latest.record,
        {{ translate('latest.record.state', states) }} as state,
        {{ parse_instant('latest.record.created_at') }} as created_at,
        {{ parse_instant('latest.record.updated_at') }} as modified_at,
        invoiced.paid_at as invoiced_at,
        {%- for part in ['total', 'shipping', 'tax'] %}
        case
            when latest.record.state = 'canceled' then 0
            else coalesce({{ money('latest.record.base_' ~ part ~ '_canceled') }}, 0)
        end as {{ part }}_called_off,
        {%- endfor %}
        coalesce({{ money('latest.record.base_total_paid') }}, 0) >= {{ money('latest.record.base_grand_total') }}
            - coalesce({{ money('latest.record.base_total_canceled') }}, 0) as is_paid_up,
        {# An unpaid order has no `base_total_paid` at all. Amounts have four decimals, so less than half a cent is not owed. #}
        coalesce({{ money('latest.record.base_total_due') }}, {{ money('latest.record.base_grand_total') }}
            - {{ money('latest.record.base_total_paid') }}, 0)
            - coalesce({{ money('latest.record.base_total_canceled') }}, 0) > 0.005 as is_owed,
        {# Where prices include tax, so does the discount on postage. Its tax part is told as compensation and is taken out. #}
        coalesce({{ money('latest.record.base_shipping_discount_amount') }}, 0)
            - coalesce({{ money('latest.record.base_shipping_discount_tax_compensation_amnt') }}, 0) as off_shipping,
        {{ array_sum('latest.record.items', 'item', money('item.qty_shipped')) }} as shipped,
        coalesce({{ array_sum('latest.record.items', 'item', fixed_tax) }}, 0) as fixed_tax,
        latest.record.state <> 'canceled' and coalesce({{ array_sum('latest.record.items', 'item', called_off) }}, 0) > 0 as is_cut,
        {{ address }}.country_id as country,
        {{ address }}.region_code as region_code,
        {{ excluded_by_mark({
            'payment_method': 'latest.record.payment.method',
            'status': 'latest.record.status',
        }) }} as marked
    from {{ ref('base_magento__orders') }} as latest
    left join invoiced
        on latest.account_id = invoiced.account_id and latest.record_key = invoiced.order_id
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

told as (
    select
        *,
        case
            when state = 'closed' and coalesce(shipped, 0) > 0 then 'completed'
            when state = 'closed' then 'cancelled'
            when state = 'held' and is_paid_up then 'paid'
            when state = 'held' then 'created'
            {# `processing` need not be paid: an authorisation, or a parcel that was sent before the invoice, makes an order so, too. #}
            when state = 'paid' and is_owed then 'created'
            else state
        end as order_state
    from orders
)

select
    'magento' as platform,
    account_id,
    store_id,
    order_id,
    told.record.buyer_key as buyer_key,
    told.record.base_currency_code as currency,
    order_state,
    'standard' as order_type,
    created_at,
    {# An order of 0 has no invoice. It is paid when it is placed. #}
    case
        when order_state = 'completed' and state <> 'closed' and is_owed then null
        when order_state in ('paid', 'completed', 'cancelled') then coalesce(invoiced_at, created_at)
    end as paid_at,
    {{ null_as('instant') }} as shipped_at,
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    {{ null_as('instant') }} as completed_at,
    case when order_state in ('cancelled', 'closed_unpaid') then modified_at end as cancelled_at,
    modified_at,
    {# The cancelled postage is before its discount; the discount is cancelled with it, so the result is never below 0. #}
    cast(greatest(coalesce({{ money('told.record.base_shipping_amount') }}, 0) - off_shipping - shipping_called_off, 0)
        as decimal(18, 4)) as shipping_charged,
    cast(coalesce({{ money('told.record.base_tax_amount') }}, 0) - tax_called_off + fixed_tax as decimal(18, 4)) as tax,
    {# Discounts of cart rules are in the items already. Reward points are taken off the whole order. #}
    cast({{ commerce_sum('told.record', ['base_reward_currency_amount']) }} as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    {#
      `base_grand_total` is what is left to pay after gift cards and store credit. The buyer paid with those, too, so they are added. Of an
      order that was called off in part, all that is left is invoiced; what a card does not have to pay any more goes back to it.
    #}
    cast({{ money('told.record.base_grand_total') }} - total_called_off
        {%- for credit in ['base_gift_cards', 'base_customer_balance'] %}
        {%- set paid_with = 'told.record.extension_attributes.' ~ credit %}
        + coalesce(case when is_cut then {{ money(paid_with ~ '_invoiced') }} end, {{ money(paid_with ~ '_amount') }}, 0)
        {%- endfor %} as decimal(18, 4)) as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    nullif(told.record.payment.method, '') as payment_type,
    case when region_code <> '' then concat(country, '-', region_code) else nullif(country, '') end as region,
    {{ null_as('text') }} as buyer_type,
    marked as exclude_reason,
    told.record.state as source_status,
    load_id,
    loaded_at
from told
