{# Amounts of a line are without tax whatever `prices_include_tax` says; tax stands beside them. #}
with

orders as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        latest.load_id,
        latest.record
    from {{ ref('base_woocommerce__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'woocommerce' as platform,
    account_id,
    store_id,
    order_id,
    line.id as line_id,
    nullif(line.product_id, '0') as product_id,
    nullif(line.variation_id, '0') as sku_id,
    line.name as product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    {{ money('line.quantity') }} as quantity,
    {{ money('line.subtotal') }} as list_amount,
    cast({{ money('line.subtotal') }} - {{ money('line.total') }} as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    {{ money('line.total') }} as line_amount,
    coalesce({{ money('line.total_tax') }}, 0) as line_tax,
    load_id
from orders
{{ explode('orders.record.line_items', 'line') }}

union all

select
    'woocommerce' as platform,
    account_id,
    store_id,
    order_id,
    fee.id as line_id,
    {{ null_as('text') }} as product_id,
    {{ null_as('text') }} as sku_id,
    fee.name as product_name,
    {{ null_as('text') }} as category_path,
    {# Plugins book discounts as fees below zero. #}
    case when {{ money('fee.total') }} < 0 then 'discount' else 'fee' end as line_class,
    cast(1 as decimal(18, 4)) as quantity,
    {{ money('fee.total') }} as list_amount,
    cast(0 as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    {{ money('fee.total') }} as line_amount,
    coalesce({{ money('fee.total_tax') }}, 0) as line_tax,
    load_id
from orders
{{ explode('orders.record.fee_lines', 'fee') }}
