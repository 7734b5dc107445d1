{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('magento', {'extension_attributes': {'category_links': [{'category_id': 'text'}]}}, first_of('record.extension_attributes.category_links') ~ '.category_id') }}
