with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.detail.ItemsList.ItemInfo') }} as line
    from {{ ref('base_dangdang__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.itemID as product_id,
        exploded.line.itemName as product_name,
        {{ money('exploded.line.orderCount') }} as quantity,
        cast({{ money('exploded.line.unitPrice') }} * {{ money('exploded.line.orderCount') }} as decimal(18, 4)) as list_amount
    from exploded
),

{# A line has no id, and one item may stand in an order twice. #}
numbered as (
    select
        lines.*,
        row_number() over (
            partition by account_id, order_id, product_id order by list_amount desc, quantity desc
        ) as turn
    from lines
)

select
    'dangdang' as platform,
    numbered.account_id,
    account.store_id,
    order_id,
    case when turn = 1 then product_id else concat(product_id, '-', cast(turn as {{ t('text') }})) end as line_id,
    product_id,
    {{ null_as('text') }} as sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    list_amount,
    cast(0 as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    list_amount as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from numbered
left join {{ source('raw_daybook', 'accounts') }} as account
    on numbered.account_id = account.account_id
