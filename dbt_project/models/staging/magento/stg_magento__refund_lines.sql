{# As in orders and refunds, only an item without a parent is a line. A bundle that is priced by its parts has the sum of theirs.
   Gift cards are no goods and are left out. #}
with

ordered as (
    select
        account_id,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_magento__orders') }} as latest
),

given as (
    select
        account_id,
        record_key as refund_id,
        load_id,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_magento__refunds') }} as latest
),

placed as (
    select
        given.account_id,
        given.refund_id,
        given.load_id,
        given.item.order_item_id as item_id,
        coalesce(nullif(nullif(ordered.item.parent_item_id, ''), '0'), given.item.order_item_id) as line_id,
        {{ money('given.item.qty') }} as quantity,
        {# After the item's discount, as in the order's line. #}
        nullif({{ money('given.item.base_row_total') }}, 0) - coalesce({{ money('given.item.base_discount_amount') }}, 0)
            + coalesce({{ money('given.item.base_discount_tax_compensation_amount') }}, 0) as goods
    from given
    left join ordered
        on given.account_id = ordered.account_id and given.item.order_item_id = ordered.item.item_id
    where given.item.order_item_id <> ''
        and {{ money('given.item.qty') }} > 0
        and coalesce(ordered.item.product_type, '') <> 'giftcard'
)

select
    'magento' as platform,
    placed.account_id,
    account.store_id,
    refund_id,
    line_id,
    cast(coalesce(sum(case when item_id = line_id then goods end), sum(goods)) as decimal(18, 4)) as refund_goods,
    cast(sum(case when item_id = line_id then quantity end) as decimal(18, 4)) as quantity,
    max(load_id) as load_id
from placed
left join {{ source('raw_daybook', 'accounts') }} as account
    on placed.account_id = account.account_id
group by placed.account_id, account.store_id, refund_id, line_id
