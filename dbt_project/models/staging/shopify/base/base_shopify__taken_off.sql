{#
  What an edit took off an order's lines and nobody paid for: it was never bought. `quantity` of a line keeps the pieces
  that were given back or taken off, `currentQuantity` has neither: what is between them and came back with no money was
  taken off. As much of it as the buyer did pay for stays sold, until the shop gives that back. An order that nothing
  was received for keeps its lines, which show what was wanted.
#}
{%- set amount = '.shopMoney.amount' -%}
{%- set received = "case when entry.kind in ('SALE', 'CAPTURE') and entry.status = 'SUCCESS' and coalesce(entry.test, 'false') <> 'true'"
    ~ ' then ' ~ money('entry.amountSet' ~ amount) ~ ' end' -%}
{%- set of_this_line = "case when given.lineItem.id = items.line.id then " ~ money('given.quantity') ~ ' end' -%}
{%- set given_back = 'case when ' ~ money('refund.totalRefundedSet' ~ amount) ~ ' > 0 then '
    ~ array_sum('refund.refundLineItems.nodes', 'given', of_this_line) ~ ' end' -%}

with

orders as (
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

items as (
    select
        account_id,
        order_id,
        is_tax_included,
        total - received as unpaid,
        refunds,
        {{ explode('orders.line_items') }} as line
    from orders
    where received > 0 and received < total
),

pieces as (
    select
        account_id,
        order_id,
        items.line.id as line_id,
        unpaid,
        is_tax_included,
        {{ money('items.line.quantity') }} as quantity,
        {{ money('items.line.quantity') }} - {{ money('items.line.currentQuantity') }}
            - coalesce({{ array_sum('items.refunds', 'refund', given_back) }}, 0) as taken_off,
        {{ money('items.line.originalTotalSet' ~ amount) }} as listed,
        coalesce({{ array_sum('items.line.discountAllocations', 'part', money('part.allocatedAmountSet' ~ amount)) }}, 0)
            as discount,
        coalesce({{ array_sum('items.line.taxLines', 'tax', money('tax.priceSet' ~ amount)) }}, 0) as line_tax
    from items
    where {{ money('items.line.quantity') }} > {{ money('items.line.currentQuantity') }}
),

worth as (
    select
        *,
        cast(taken_off as double) / cast(quantity as double) as share,
        cast(listed - discount + case when is_tax_included then 0 else line_tax end as double)
            * cast(taken_off as double) / cast(quantity as double) as price
    from pieces
    where taken_off > 0
),

unpaid_for as (
    select
        *,
        share * coalesce(least(1, cast(unpaid as double) / nullif(sum(price) over (partition by account_id, order_id), 0)), 1)
            as unpaid_share
    from worth
)

select
    account_id,
    order_id,
    line_id,
    cast(taken_off as decimal(18, 4)) as quantity,
    cast(round(cast(listed - case when is_tax_included then line_tax else 0 end as double) * unpaid_share, 4) as decimal(18, 4))
        as list_amount,
    cast(round(cast(discount as double) * unpaid_share, 4) as decimal(18, 4)) as discount,
    cast(round(cast(line_tax as double) * unpaid_share, 4) as decimal(18, 4)) as line_tax
from unpaid_for
