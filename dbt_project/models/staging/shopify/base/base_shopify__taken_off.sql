{#
  Pieces that an edit took off an order and nobody paid for: they were never bought. `quantity` of a line still counts refunded and removed
  pieces, `currentQuantity` counts neither. So the pieces between the two that were not refunded were removed.
  * They count here only as far as money is missing (less was received than `totalPriceSet`): what the buyer paid for stays sold until the
    shop gives the money back.
  * A piece exchanged for a cheaper one came back for less money than it was worth: the rest paid for the goods taken in its place.
  * An order for which nothing was received keeps its lines, which show what was wanted.
#}
{%- set amount = '.shopMoney.amount' -%}
{%- set received = "case when entry.kind in ('SALE', 'CAPTURE') and entry.status = 'SUCCESS' and coalesce(entry.test, 'false') <> 'true'"
    ~ ' then ' ~ money('entry.amountSet' ~ amount) ~ ' end' -%}
{#- What a part of a refund comes to, with its tax. -#}
{%- set worth = {} -%}
{%- for part, (net, tax) in {
    'given': ('subtotalSet', 'totalTaxSet'), 'paid_back.line': ('subtotalSet', 'totalTaxSet'),
    'charge': ('subtotalAmountSet', 'taxAmountSet')
}.items() -%}
    {%- do worth.update({part: 'coalesce(' ~ money(part ~ '.' ~ net ~ amount) ~ ', 0) + case when is_tax_included then 0 else coalesce('
        ~ money(part ~ '.' ~ tax ~ amount) ~ ', 0) end'}) -%}
{%- endfor -%}

with

told as (
    select
        account_id,
        record_key as order_id,
        latest.record.taxesIncluded = 'true' as is_tax_included,
        {{ money('latest.record.totalPriceSet' ~ amount) }} as total,
        {{ array_sum('latest.record.transactions', 'entry', received) }} as received,
        latest.record.lineItems.nodes as line_items,
        latest.record.refunds as refunds
    from {{ ref('base_shopify__orders') }} as latest
),

orders as (
    select *
    from told
    where received > 0 and received < total
),

given_back as (
    select
        account_id,
        order_id,
        is_tax_included,
        {{ explode('orders.refunds') }} as refund
    from orders
),

paid_back as (
    select
        account_id,
        order_id,
        is_tax_included,
        {{ money('given_back.refund.totalRefundedSet' ~ amount) }} as total,
        {{ array_sum('given_back.refund.refundLineItems.nodes', 'given', worth.given) }} as goods,
        coalesce({{ array_sum('given_back.refund.refundShippingLines.nodes', 'charge', worth.charge) }}, 0) as postage,
        {{ explode('given_back.refund.refundLineItems.nodes') }} as line
    from given_back
    where {{ money('given_back.refund.totalRefundedSet' ~ amount) }} > 0
),

{# Money given back beyond the postage is split over the refunded goods by what they are worth. #}
by_line as (
    select
        account_id,
        order_id,
        paid_back.line.lineItem.id as line_id,
        sum({{ money('paid_back.line.quantity') }}) as quantity,
        sum(cast(round(
            cast({{ worth['paid_back.line'] }} as double)
            * least(1, cast(greatest(total - postage, 0) as double) / nullif(cast(goods as double), 0)), 4
        ) as decimal(18, 4))) as amount
    from paid_back
    group by account_id, order_id, paid_back.line.lineItem.id
),

items as (
    select
        account_id,
        order_id,
        is_tax_included,
        total - received as unpaid,
        {{ explode('orders.line_items') }} as line
    from orders
),

pieces as (
    select
        items.account_id,
        items.order_id,
        items.line.id as line_id,
        unpaid,
        is_tax_included,
        {{ money('items.line.quantity') }} as quantity,
        {{ money('items.line.quantity') }} - {{ money('items.line.currentQuantity') }} as gone,
        {{ money('items.line.quantity') }} - {{ money('items.line.currentQuantity') }} - coalesce(by_line.quantity, 0) as taken_off,
        coalesce(by_line.amount, 0) as money_back,
        {{ money('items.line.originalTotalSet' ~ amount) }} as listed,
        coalesce({{ array_sum('items.line.discountAllocations', 'part', money('part.allocatedAmountSet' ~ amount)) }}, 0)
            as discount,
        coalesce({{ array_sum('items.line.taxLines', 'tax', money('tax.priceSet' ~ amount)) }}, 0) as line_tax
    from items
    left join by_line
        on items.account_id = by_line.account_id
        and items.order_id = by_line.order_id
        and items.line.id = by_line.line_id
    where {{ money('items.line.quantity') }} > {{ money('items.line.currentQuantity') }}
),

priced as (
    select
        *,
        cast(listed - discount + case when is_tax_included then 0 else line_tax end as double) as line_price
    from pieces
),

worth as (
    select
        *,
        line_price * cast(gone as double) / cast(quantity as double) - cast(money_back as double) as price
    from priced
),

unpaid_for as (
    select
        *,
        coalesce(price / nullif(line_price, 0), cast(taken_off as double) / cast(quantity as double))
            * coalesce(least(1, cast(unpaid as double) / nullif(sum(price) over (partition by account_id, order_id), 0)), 1)
            as unpaid_share
    from worth
    {# Up to a cent may be left where the price of a piece was rounded. #}
    where taken_off > 0 or price > 0.01
)

select
    account_id,
    order_id,
    line_id,
    cast(greatest(taken_off, 0) as decimal(18, 4)) as quantity,
    cast(round(cast(listed - case when is_tax_included then line_tax else 0 end as double) * unpaid_share, 4) as decimal(18, 4))
        as list_amount,
    cast(round(cast(discount as double) * unpaid_share, 4) as decimal(18, 4)) as discount,
    cast(round(cast(line_tax as double) * unpaid_share, 4) as decimal(18, 4)) as line_tax
from unpaid_for
