{#- status: state machine of products (question-docs/92/2070): 0 on line, 1 off line, 2 deleted. -#}
{%- set states = {'0': 'on_sale', '1': 'off_sale', '2': 'off_sale'} -%}

{# The list tells of products, not of their SKUs, and no stock; SKUs are known from the lines that sold them. #}
select
    'doudian' as platform,
    version.account_id,
    account.store_id,
    version.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    version.record.name as product_name,
    nullif(version.record.category_detail.first_cid, '0') as category_path,
    {{ hundredths('version.record.discount_price') }} as list_price,
    account.currency,
    {{ is_on_sale('version.record.status', states) }} as is_on_sale,
    {{ null_as('decimal(18, 4)') }} as stock,
    {{ epoch_time('version.record.create_time') }} as listed_at,
    {{ epoch_time('version.record.update_time') }} as modified_at,
    version.cursor_at as valid_from_at,
    version.valid_until_at,
    version.load_id
from {{ ref('base_doudian__products') }} as version
left join {{ source('raw_daybook', 'accounts') }} as account
    on version.account_id = account.account_id
