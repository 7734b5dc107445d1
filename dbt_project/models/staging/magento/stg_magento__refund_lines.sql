{# As in orders and refunds, only what has no parent is a line. #}
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
)

select
    'magento' as platform,
    given.account_id,
    account.store_id,
    given.refund_id,
    given.item.order_item_id as line_id,
    {# After its discount, as its order's line has it. A bundle whose parts have the prices has none itself. #}
    nullif({{ money('given.item.base_row_total') }}, 0) - coalesce({{ money('given.item.base_discount_amount') }}, 0)
        + coalesce({{ money('given.item.base_discount_tax_compensation_amount') }}, 0) as refund_goods,
    {{ money('given.item.qty') }} as quantity,
    given.load_id
from given
left join ordered
    on given.account_id = ordered.account_id and given.item.order_item_id = ordered.item.item_id
left join {{ source('raw_daybook', 'accounts') }} as account
    on given.account_id = account.account_id
where coalesce(ordered.item.parent_item_id, '') in ('', '0')
    and given.item.order_item_id <> ''
    and {{ money('given.item.qty') }} > 0
