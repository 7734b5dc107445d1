{#- Every variant is a product of its own. Statuses: 1 enabled, 2 disabled. -#}
select
    'magento' as platform,
    version.account_id,
    account.store_id,
    version.record_key as product_id,
    version.record.sku as sku_id,
    version.record.name as product_name,
    {{ first_of('version.record.extension_attributes.category_links') }}.category_id as category_path,
    {{ money('version.record.price') }} as list_price,
    account.currency,
    version.record.status = '1' as is_on_sale,
    {{ null_as('decimal(18, 4)') }} as stock,
    {{ parse_instant('version.record.created_at') }} as listed_at,
    {{ parse_instant('version.record.updated_at') }} as modified_at,
    version.cursor_at as valid_from_at,
    version.valid_until_at,
    version.load_id
from {{ ref('base_magento__products') }} as version
left join {{ source('raw_daybook', 'accounts') }} as account
    on version.account_id = account.account_id
