{# The amounts of a line are without tax, whatever `prices_include_tax` says. Its tax is in `total_tax`. #}
with

products as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.line_items') }} as line
    from {{ ref('base_woocommerce__orders') }} as latest
),

fees as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.fee_lines') }} as line
    from {{ ref('base_woocommerce__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        products.line.id as line_id,
        nullif(products.line.product_id, '0') as product_id,
        nullif(products.line.variation_id, '0') as sku_id,
        products.line.name as product_name,
        'product' as line_class,
        {{ money('products.line.quantity') }} as quantity,
        {{ money('products.line.subtotal') }} as list_amount,
        {{ money('products.line.total') }} as line_amount,
        coalesce({{ money('products.line.total_tax') }}, 0) as line_tax
    from products

    union all

    select
        account_id,
        order_id,
        load_id,
        fees.line.id as line_id,
        {{ null_as('text') }} as product_id,
        {{ null_as('text') }} as sku_id,
        fees.line.name as product_name,
        {# Some plugins book a discount as a negative fee. #}
        case when {{ money('fees.line.total') }} < 0 then 'discount' else 'fee' end as line_class,
        cast(1 as decimal(18, 4)) as quantity,
        {{ money('fees.line.total') }} as list_amount,
        {{ money('fees.line.total') }} as line_amount,
        coalesce({{ money('fees.line.total_tax') }}, 0) as line_tax
    from fees
)

select
    'woocommerce' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    line_class,
    quantity,
    list_amount,
    cast(list_amount - line_amount as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    line_amount,
    line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
