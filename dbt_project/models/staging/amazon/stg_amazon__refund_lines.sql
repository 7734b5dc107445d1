{#
  What was refunded for each SKU. A refund names the SKU and not the order line; where several lines of the order have the SKU, the line
  with the lowest id is taken.
#}
with

items as (
    select
        account_id,
        record_key as refund_id,
        load_id,
        {{ element_of('latest.record.relatedIdentifiers', 'relatedIdentifierName', 'ORDER_ID', 'relatedIdentifierValue') }} as order_id,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_amazon__refunds') }} as latest
),

given as (
    select
        account_id,
        refund_id,
        load_id,
        order_id,
        -{{ array_sum('items.item.breakdowns', 'part',
            'case when ' ~ amazon_is_goods() ~ ' then ' ~ money('part.breakdownAmount.currencyAmount') ~ ' end') }} as refund_goods,
        {{ explode('items.item.contexts') }} as context
    from items
),

lines as (
    select
        account_id,
        order_id,
        sku_id,
        min(line_id) as line_id
    from {{ ref('stg_amazon__order_lines') }}
    where line_class = 'product'
    group by account_id, order_id, sku_id
)

select
    'amazon' as platform,
    given.account_id,
    account.store_id,
    given.refund_id,
    lines.line_id,
    cast(given.refund_goods as decimal(18, 4)) as refund_goods,
    {{ null_as('decimal(18, 4)') }} as quantity,
    given.load_id
from given
inner join lines
    on given.account_id = lines.account_id and given.order_id = lines.order_id and given.context.sku = lines.sku_id
left join {{ source('raw_daybook', 'accounts') }} as account
    on given.account_id = account.account_id
