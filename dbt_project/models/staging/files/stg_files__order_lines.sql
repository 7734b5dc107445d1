with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.lines') }} as line
    from {{ ref('base_files__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.line_id as line_id,
        exploded.line.product_id as product_id,
        exploded.line.sku_id as sku_id,
        exploded.line.product_name as product_name,
        exploded.line.category_path as category_path,
        coalesce(exploded.line.line_class, 'product') as line_class,
        {{ money('exploded.line.quantity') }} as quantity,
        {{ money('exploded.line.list_amount') }} as told_list_amount,
        {{ money('exploded.line.merchant_item_discount') }} as told_discount,
        {{ money('exploded.line.line_amount') }} as told_line_amount
    from exploded
)

select
    'files' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    line_class,
    quantity,
    {# list amount − discount = line amount. A file may leave one of them out; if it has all three, the two amounts make the discount. #}
    coalesce(told_list_amount, cast(told_line_amount + coalesce(told_discount, 0) as decimal(18, 4))) as list_amount,
    case
        when told_list_amount is not null and told_line_amount is not null
            then cast(told_list_amount - told_line_amount as decimal(18, 4))
        else coalesce(told_discount, 0)
    end as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    coalesce(told_line_amount, cast(told_list_amount - coalesce(told_discount, 0) as decimal(18, 4))) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
