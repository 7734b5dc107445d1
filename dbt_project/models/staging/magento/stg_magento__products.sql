{#- Every variant is a product of its own. Statuses: 1 enabled, 2 disabled. -#}
select
    'magento' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as product_id,
    latest.record.sku as sku_id,
    latest.record.name as product_name,
    {{ first_of('latest.record.extension_attributes.category_links') }}.category_id as category_path,
    {{ money('latest.record.price') }} as list_price,
    account.currency,
    latest.record.status = '1' as is_on_sale,
    {{ null_as('decimal(18, 4)') }} as stock,
    {{ parse_instant('latest.record.created_at') }} as listed_at,
    {{ parse_instant('latest.record.updated_at') }} as modified_at,
    latest.load_id
from {{ ref('base_magento__products') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
