with

lines as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        latest.load_id,
        line,
        {{ money('line.quantity') }} as quantity,
        {{ money('line.list_amount') }} as list_amount,
        {{ money('line.merchant_item_discount') }} as discount,
        {{ money('line.line_amount') }} as line_amount
    from {{ ref('base_files__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
    {{ explode('latest.record.lines', 'line') }}
)

select
    'files' as platform,
    account_id,
    store_id,
    order_id,
    lines.line.line_id as line_id,
    lines.line.product_id as product_id,
    lines.line.sku_id as sku_id,
    lines.line.product_name as product_name,
    lines.line.category_path as category_path,
    coalesce(lines.line.line_class, 'product') as line_class,
    quantity,
    {# list − discount = line amount: any two give the third; the file's line amount is what counts. #}
    coalesce(list_amount, cast(line_amount + coalesce(discount, 0) as decimal(18, 4))) as list_amount,
    case
        when list_amount is not null and line_amount is not null then cast(list_amount - line_amount as decimal(18, 4))
        else coalesce(discount, 0)
    end as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    coalesce(line_amount, cast(list_amount - coalesce(discount, 0) as decimal(18, 4))) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
